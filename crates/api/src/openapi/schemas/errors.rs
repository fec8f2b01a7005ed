//! The shapes of a refusal.

use serde_json::{Value as Json, json};

use super::{described, map_of, object, text};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![
        ("Errors", described("About the request as a whole.", object(json!({ "errors": sentences() })))),
        (
            "FieldErrors",
            described("About single fields, by name, or places in a definition, by path.", object(json!({ "errors": by_name() }))),
        ),
        ("BatchErrors", batch()),
        ("ActionErrors", described("An action was not taken.", object(json!({ "status": { "const": "Fail" }, "errors": sentences() })))),
    ]
}

fn sentences() -> Json {
    json!({ "type": "array", "items": text(), "minItems": 1 })
}

fn by_name() -> Json {
    map_of(sentences())
}

fn batch() -> Json {
    let places = json!({ "type": "object", "patternProperties": { "^(0|[1-9][0-9]*)$": by_name() }, "additionalProperties": false });
    described("About fields of several tasks, by their places in the batch, counted from 0.", object(json!({ "errors": places })))
}
