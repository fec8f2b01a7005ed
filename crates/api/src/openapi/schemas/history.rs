//! Who did what.

use serde_json::{Value as Json, json};

use super::{described, id, object, of, one_of, or_null, text, timestamp};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![("Activity", activity()), ("Actor", actor())]
}

fn actor() -> Json {
    object(json!({
        "type": one_of(&["user", "api_key", "operator", "schedule"]),
        "id": or_null(id()),
        "name": described("Null for who is gone for good.", or_null(text())),
    }))
}

fn activity() -> Json {
    let side = |text: &str| described(text, json!({ "type": ["object", "string", "null"] }));
    object(json!({
        "sequence": described("Its place in the history of the workspace; null until it is sealed, within a second.", or_null(json!({ "type": "integer" }))),
        "at": timestamp(),
        "actor": of("Actor"),
        "request_id": or_null(text()),
        "task": or_null(id()),
        "execution": or_null(id()),
        "kind": described("What happened: `task.created`, `execution.finished`, ...", text()),
        "before": side("What was; its keys hang on the kind."),
        "after": side("What is; its keys hang on the kind."),
    }))
}
