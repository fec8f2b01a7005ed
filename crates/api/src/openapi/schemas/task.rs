//! Tasks, what hangs on one, and who works on them.

use serde_json::{Value as Json, json};

use super::{any_of, described, flag, id, list_of, object, of, one_of, or_null, text, timestamp};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![
        ("Task", task()),
        ("TaskColumns", task_columns()),
        ("Value", described("A value as it is shown, by the type of its field; blank is null, for a checkbox false.", value())),
        ("TaskBody", task_body()),
        ("GivenValue", described("A value as it may be given, by the type of its field.", given_value())),
        ("ChecklistItem", checklist_item()),
        ("ChecklistItemStatus", one_of(&["Blank", "Skipped", "Completed"])),
        ("Comment", comment()),
        ("User", user()),
    ]
}

/// Fields are the workflow's own, and so are their names.
fn task() -> Json {
    json!({
        "type": "object",
        "description": "`Stage`, `Assigned To`, `Task URL`, then the fields in the workflow's order, each under its name, without those that the key's role hides.",
        "properties": {
            "Stage": described("The name of the stage.", text()),
            "Assigned To": described("The e-mail of the assignee, or null.", or_null(text())),
            "Task URL": described("Its last part is the task's public id.", json!({ "type": "string", "format": "uri" })),
        },
        "required": ["Stage", "Assigned To", "Task URL"],
        "additionalProperties": of("Value"),
    })
}

/// What `_fields` makes of one.
fn task_columns() -> Json {
    let person = described("An e-mail, or null.", or_null(text()));
    json!({
        "type": "object",
        "description": "Of a task only the columns that `_fields` names, in the usual order.",
        "properties": {
            "Stage": text(),
            "Assigned To": person.clone(),
            "Task URL": { "type": "string", "format": "uri" },
            "Created On": timestamp(),
            "Updated On": timestamp(),
            "Created By": person,
        },
        "additionalProperties": of("Value"),
    })
}

fn value() -> Json {
    let names = json!({ "type": "array", "items": { "type": "string" } });
    any_of(&[text(), flag(), json!({ "type": "null" }), names])
}

fn task_body() -> Json {
    json!({
        "type": "object",
        "description": "Fields by their names, `Stage`, `Assigned To`. Only the keys given change.",
        "properties": {
            "Stage": described("The name of a stage. A key that may only move tasks by actions can't give it.", text()),
            "Assigned To": described("The e-mail of a collaborator, or null for nobody.", or_null(text())),
        },
        "additionalProperties": of("GivenValue"),
    })
}

fn given_value() -> Json {
    any_of(&[text(), json!({ "type": "number" }), flag(), json!({ "type": "null" }), list_of(text())])
}

fn checklist_item() -> Json {
    object(json!({
        "id": id(),
        "title": text(),
        "status": of("ChecklistItemStatus"),
        "editable": described("Whether it is the task's own; false for one of the template.", flag()),
        "Assigned To": described("An e-mail, or null.", or_null(text())),
        "Stage": described("The name of the stage that it belongs to.", text()),
    }))
}

fn comment() -> Json {
    object(json!({
        "author": described("The e-mail of who wrote it; `API` for a program.", text()),
        "body": text(),
        "timestamp": timestamp(),
    }))
}

fn user() -> Json {
    object(json!({
        "saml_user_id": described("Always null.", json!({ "type": "null" })),
        "role_id": id(),
        "first_name": text(),
        "email": text(),
        "last_name": text(),
        "id": id(),
    }))
}
