//! The JSON Schema of a definition: what editors show, and the very thing that a document is checked against.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use super::document::Definition;

/// JSON Schema, draft 2020-12, made from the types.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.transforms.push(Box::new(Plain));
        });
        settings.into_generator().into_root_schema_for::<Definition>().to_value()
    });
    &SCHEMA
}

/// Leaves out what says nothing to an author: `null` for absent keys, defaults, and the formats of Rust's integers.
#[derive(Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut schemars::Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        object.remove("default");
        if object.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint") || format == "double") {
            object.remove("format");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
            alternatives.retain(|alternative| alternative.get("type").is_none_or(|kind| kind != "null"));
            if let [Value::Object(_)] = alternatives.as_slice() {
                let Some(Value::Array(mut alternatives)) = object.remove("anyOf") else { return };
                let Some(Value::Object(only)) = alternatives.pop() else { return };
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
        for key in ["oneOf", "anyOf"] {
            merge_constants(object, key);
        }
    }
}

/// Alternatives that are only constants, and undocumented, read better as one `enum`.
fn merge_constants(object: &mut serde_json::Map<String, Value>, key: &str) {
    let Some(Value::Array(alternatives)) = object.get(key) else { return };
    let constants: Option<Vec<Value>> = alternatives
        .iter()
        .map(|alternative| match alternative.as_object() {
            Some(map) if map.len() == 2 && map.get("type").is_some_and(|kind| kind == "string") => map.get("const").cloned(),
            _ => None,
        })
        .collect();
    if let Some(constants) = constants {
        object.remove(key);
        object.insert("type".to_owned(), "string".into());
        object.insert("enum".to_owned(), Value::Array(constants));
    }
}
