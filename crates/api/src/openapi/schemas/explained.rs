//! Why an action can't be taken, and how it could.

use serde_json::{Value as Json, json};

use super::{any_of, described, flag, id, list_of, object, of, one_of, or_null, text};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![("ExplainedAction", explained()), ("Reason", reason()), ("Way", way()), ("Move", any_of(&moves()))]
}

fn explained() -> Json {
    object(json!({
        "id": id(),
        "name": text(),
        "color": text(),
        "available": described("Whether it can be taken now.", flag()),
        "reasons": described("What permission and stage have against it.", list_of(of("Reason"))),
        "errors": described("What is required and not there, in the words of the POST.", list_of(of("Reason"))),
        "unblock": described("The shortest ways to open it, at most three; empty where none is known.", list_of(of("Way"))),
    }))
}

fn reason() -> Json {
    object(json!({
        "code": described("A code of [errors](/api/docs/errors).", text()),
        "message": text(),
        "field?": described("The field that it is about.", text()),
    }))
}

fn way() -> Json {
    object(json!({
        "text": described("All of it as sentences.", text()),
        "certain": described("False where it hangs on what can't be known beforehand.", flag()),
        "moves": described("What to do, in this order.", list_of(of("Move"))),
    }))
}

/// One for each `do`.
fn moves() -> Vec<Json> {
    let field = object(json!({
        "name": text(),
        "type": text(),
        "options?": list_of(text()),
        "value?": described("What must stand there.", of("Value")),
        "example?": described("What would do.", of("Value")),
    }));
    let item = object(json!({ "id": id(), "title": text() }));
    let action = object(json!({ "id": id(), "name": or_null(text()) }));
    vec![
        a_move("set_fields", json!({ "fields": list_of(field) })),
        a_move("complete_checklist", json!({ "items": list_of(item) })),
        a_move(
            "assign",
            json!({
                "to?": described("The e-mail of whom the task must be assigned to; null is nobody.", or_null(text())),
                "example?": described("One of those whom it may be assigned to.", or_null(text())),
            }),
        ),
        a_move("take_action", json!({ "action": action, "leads_to": or_null(text()) })),
        object(json!({ "do": { "const": "let_act" }, "users": list_of(text()), "text": text() })),
    ]
}

fn a_move(kind: &str, what: Json) -> Json {
    let mut keys = json!({ "do": { "const": kind } });
    let by = json!({
        "by": described("Who may do it.", one_of(&["performer", "api_key", "users"])),
        "users?": described("The e-mails of those who may.", list_of(text())),
        "text": described("As a sentence.", text()),
    });
    for part in [what, by] {
        keys.as_object_mut().expect("an object").extend(part.as_object().cloned().unwrap_or_default());
    }
    object(keys)
}
