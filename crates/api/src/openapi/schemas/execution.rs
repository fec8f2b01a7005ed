//! Executions, and what one would do.

use serde_json::{Value as Json, json};

use super::{count, described, flag, id, list_of, map_of, object, of, one_of, or_null, text, timestamp};

pub fn schemas() -> Vec<(&'static str, Json)> {
    vec![
        ("Import", import()),
        ("ExecutionStatus", described("`Success` and `Fail` are the end.", one_of(&["Pending", "Success", "Fail"]))),
        ("StepStatus", one_of(&["Pending", "Running", "Success", "Fail", "Skipped"])),
        ("Execution", execution()),
        ("ExecutionWithSteps", execution_with_steps()),
        ("Step", step()),
        ("ListedExecution", listed()),
        ("BulkResult", bulk()),
        ("DryRun", dry_run()),
        ("ForeseenStep", foreseen_step()),
        ("Changes", changes()),
    ]
}

fn errors() -> Json {
    described("Only of one that failed: what the failed step said.", list_of(text()))
}

fn execution() -> Json {
    object(json!({ "id": id(), "status": of("ExecutionStatus"), "errors?": errors() }))
}

fn execution_with_steps() -> Json {
    let steps = described("Every step of the action, also those that were not come to.", list_of(of("Step")));
    object(json!({ "id": id(), "status": of("ExecutionStatus"), "errors?": errors(), "steps": steps }))
}

fn step() -> Json {
    let body = described("The first 4 KiB; null for a key whose role hides a field.", or_null(text()));
    let answer = or_null(object(json!({ "status": { "type": "integer" }, "body": body })));
    object(json!({
        "kind": described("The `do` of the step.", text()),
        "status": of("StepStatus"),
        "attempts": described("How often it was tried.", count()),
        "started_at": or_null(timestamp()),
        "finished_at": or_null(timestamp()),
        "error": or_null(text()),
        "answer?": described("Only of a step that calls over HTTP: the last answer, or null until there is one.", answer),
    }))
}

fn listed() -> Json {
    object(json!({
        "id": id(),
        "status": of("ExecutionStatus"),
        "task_id": described("The task's public id, which stays.", id()),
        "action_id": id(),
        "action": described("The action's name today; null where it is gone.", or_null(text())),
        "performed_by": described("An e-mail; null where no person acted.", or_null(text())),
        "retry_of": described("The first execution, of a retry.", or_null(id())),
        "created_at": timestamp(),
        "finished_at": or_null(timestamp()),
        "errors?": errors(),
    }))
}

fn dry_run() -> Json {
    object(json!({
        "status": described("How it would end.", one_of(&["Success", "Fail"])),
        "errors?": errors(),
        "changes": of("Changes"),
        "steps": list_of(of("ForeseenStep")),
        "quote": described("A POST with it does what is shown here, or nothing.", text()),
        "expires_at": described("The quote is good until then.", timestamp()),
    }))
}

fn changes() -> Json {
    let pair = json!({ "type": "array", "items": of("Value"), "minItems": 2, "maxItems": 2 });
    described("By column, `[before, after]`; null where a value may stand that the key may not see.", map_of(or_null(pair)))
}

fn foreseen_step() -> Json {
    let stage_change = object(json!({
        "stage": text(),
        "at": or_null(timestamp()),
        "dropped": described("A later step takes the task out of its stage before.", flag()),
    }));
    let request = object(json!({ "method": text(), "url": text(), "headers": map_of(text()), "body": text() }));
    let people = || list_of(text());
    let email = object(json!({ "from": text(), "to": people(), "cc": people(), "bcc": people(), "subject": text(), "text": text() }));
    object(json!({
        "kind": described("The `do` of the step.", text()),
        "status": of("StepStatus"),
        "certain": described("No answer of a call can have a say in it.", flag()),
        "error?": text(),
        "reason?": described("Why it is skipped.", one_of(&["when does not hold", "has no effect yet"])),
        "changes?": of("Changes"),
        "comment?": or_null(text()),
        "stage_change?": stage_change,
        "deletes?": flag(),
        "request?": or_null(request),
        "email?": or_null(email),
    }))
}

fn bulk() -> Json {
    let task = || described("As it was given.", json!({ "type": ["string", "integer", "null"] }));
    let accepted = object(json!({ "task_id": task(), "id": id(), "status": of("ExecutionStatus") }));
    let refused = object(json!({ "task_id": task(), "status": { "const": "Fail" }, "errors": list_of(text()) }));
    json!({ "anyOf": [accepted, refused] })
}

fn import() -> Json {
    object(json!({
        "id": id(),
        "status": one_of(&["Pending", "Success", "Fail"]),
        "dry_run": described("Nothing is written.", flag()),
        "rows": described("Of the file.", count()),
        "done": described("Rows that have been looked at.", count()),
        "created": count(),
        "updated": count(),
        "failed": described("Rows that are not in: those that were refused, and those beside them.", count()),
        "created_at": timestamp(),
        "finished_at": or_null(timestamp()),
        "errors?": described("Why it failed, where it did.", list_of(text())),
    }))
}
