//! The schema of definitions is the core's own; its parts get names in the document.

use serde_json::{Map, Value as Json};

const OWN_PARTS: &str = "#/$defs/";

pub fn schemas() -> Map<String, Json> {
    let mut whole = baton_core::definition::schema().clone();
    let keys = whole.as_object_mut().expect("a schema of an object");
    keys.shift_remove("$schema");
    let parts = keys.shift_remove("$defs").unwrap_or_default();
    let mut named = Map::from_iter([("Definition".to_owned(), whole)]);
    for (name, part) in parts.as_object().into_iter().flatten() {
        named.insert(format!("Definition{name}"), part.clone());
    }
    named.values_mut().for_each(point_to_names);
    named
}

fn point_to_names(schema: &mut Json) {
    match schema {
        Json::Object(keys) => {
            if let Some(Json::String(reference)) = keys.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(OWN_PARTS)
            {
                *reference = format!("#/components/schemas/Definition{name}");
            }
            keys.values_mut().for_each(point_to_names);
        }
        Json::Array(items) => items.iter_mut().for_each(point_to_names),
        _ => {}
    }
}
