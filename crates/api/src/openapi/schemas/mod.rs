//! The shapes that answers and bodies have: JSON Schema (2020-12), closed wherever the shape is. `properties` stand in the order
//! in which answers have their keys.
//!
//! A shape that one endpoint alone has stands in that endpoint's file.

mod definition;
mod errors;
mod execution;
mod explained;
mod history;
mod planned;
mod task;

use serde_json::{Map, Value as Json, json};

/// Every named schema, in the order of the document.
pub fn named() -> Map<String, Json> {
    let basics = [("Id", id_schema()), ("Timestamp", timestamp_schema())];
    let nouns = [task::schemas(), execution::schemas(), explained::schemas(), history::schemas(), planned::schemas(), errors::schemas()];
    let mut named: Map<String, Json> =
        basics.into_iter().chain(nouns.into_iter().flatten()).map(|(name, schema)| (name.to_owned(), schema)).collect();
    named.extend(definition::schemas());
    named
}

pub fn of(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A closed object. A key that ends with `?` may be absent.
pub fn object(properties: Json) -> Json {
    let Json::Object(given) = properties else { unreachable!("properties are an object") };
    let required: Vec<&str> = given.keys().filter(|key| !key.ends_with('?')).map(String::as_str).collect();
    let required = json!(required);
    let properties: Map<String, Json> = given.into_iter().map(|(key, schema)| (key.trim_end_matches('?').to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

pub fn described(text: &str, mut schema: Json) -> Json {
    schema["description"] = text.into();
    schema
}

pub fn list_of(items: Json) -> Json {
    json!({ "type": "array", "items": items })
}

pub fn map_of(values: Json) -> Json {
    json!({ "type": "object", "additionalProperties": values })
}

pub fn or_null(mut schema: Json) -> Json {
    match schema["type"].as_str().map(str::to_owned) {
        Some(one) => {
            schema["type"] = json!([one, "null"]);
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

pub fn any_of(schemas: &[Json]) -> Json {
    json!({ "anyOf": schemas })
}

pub fn text() -> Json {
    json!({ "type": "string" })
}

/// That is not blank.
pub fn filled() -> Json {
    json!({ "type": "string", "pattern": "\\S" })
}

pub fn flag() -> Json {
    json!({ "type": "boolean" })
}

pub fn count() -> Json {
    json!({ "type": "integer", "minimum": 0 })
}

pub fn one_of(texts: &[&str]) -> Json {
    json!({ "type": "string", "enum": texts })
}

pub fn id() -> Json {
    of("Id")
}

pub fn timestamp() -> Json {
    of("Timestamp")
}

fn id_schema() -> Json {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,11}$", "description": "An id, time-ordered, made by Baton." })
}

fn timestamp_schema() -> Json {
    json!({
        "type": "string",
        "format": "date-time",
        "pattern": "^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
        "description": "A moment in UTC, to the millisecond."
    })
}
