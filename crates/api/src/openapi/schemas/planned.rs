//! What saving a definition does, or would do.

use serde_json::{Value as Json, json};

use super::{count, described, id, list_of, map_of, object, of, one_of, or_null, text};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![
        ("SavedDefinition", saved()),
        ("Warning", object(json!({ "path": text(), "message": text() }))),
        ("PlannedDefinition", planned()),
        (
            "Plan",
            object(
                json!({ "added": list_of(of("PlannedPart")), "changed": list_of(of("PlannedPart")), "removed": list_of(of("PlannedPart")) }),
            ),
        ),
        ("PlannedPart", part()),
        ("Finding", finding()),
    ]
}

fn warnings() -> Json {
    described("Parts that have no effect yet, or say nothing.", list_of(of("Warning")))
}

fn saved() -> Json {
    object(json!({ "id": id(), "name": text(), "revision": { "type": "integer", "minimum": 1 }, "warnings?": warnings() }))
}

fn planned() -> Json {
    object(json!({
        "plan": described("Null where the document can't be read.", or_null(of("Plan"))),
        "findings": described("The linter's.", list_of(of("Finding"))),
        "errors": described("What saving would be refused with, by path.", map_of(list_of(text()))),
        "warnings?": warnings(),
    }))
}

fn part() -> Json {
    let kinds = ["workflow", "field", "option", "stage", "checklist_item", "action", "step", "automation", "role", "view", "form", "link"];
    let anything = || json!(true);
    let change = object(json!({ "key": text(), "from": anything(), "to": anything() }));
    object(json!({
        "kind": one_of(&kinds),
        "id?": described("Of a part that is there already.", id()),
        "name": text(),
        "path": described("In the new document; of a part that is removed, in the old one.", text()),
        "changes?": described("Each key that is another; for a list of parts, their order.", list_of(change)),
        "tasks": described("How many tasks it touches.", count()),
        "offenders?": described("How many of the tasks keep it from being saved.", count()),
        "example?": described("A value of one of them.", text()),
        "collaborators?": described("How many have the role, which keeps it from being removed.", count()),
        "dropped?": described("Scheduled stage changes that would end.", count()),
        "to?": described("What the tasks get instead.", text()),
        "needs?": described("What the request would have to say.", one_of(&["migrate.stages", "migrate.options", "confirm_loss"])),
    }))
}

fn finding() -> Json {
    object(json!({
        "code": described("A code of [the linter](/api/docs/lint).", text()),
        "severity": one_of(&["info", "warning"]),
        "path": text(),
        "message": described("What is wrong, and how to mend it.", text()),
        "counterexample": described("A way through the workflow, or values, by which it shows.", list_of(json!({ "type": "object" }))),
    }))
}
