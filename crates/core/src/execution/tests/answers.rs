//! What a 2xx answer does to the task: all that it asks for, or nothing.

use serde_json::{Value as Json, json};

use super::bed::{ANN, Bed, answer, id, ok};
use crate::execution::StepStatus;
use crate::value::{File, Value};

const CALL: &str = "{ do: api_call, url: 'https://a.example/x' }";

fn answered(body: &Json) -> Bed {
    let mut bed = Bed::new(CALL);
    bed.begin();
    bed.reply(ok(body));
    bed
}

#[test]
fn the_fields_of_its_task_object_are_set_as_the_api_would() {
    let mut bed = answered(&json!({ "other": 1, "task": {
        "Name": "Bo", "Amount": 10, "Count": "1.50", "Due": "2020-01-31", "Owner": "ANN@example.com", "Plan": "Pro", "Tags": ["Blue"],
        "Paid": true, "Notes": null, "Stage": "Done", "Assigned To": "bob@example.com",
    } }));
    assert!(bed.succeeded(), "{:?}", bed.execution.status);
    let shown = ["Name", "Amount", "Count", "Due", "Owner", "Plan", "Tags", "Paid"].map(|name| bed.text(name));
    assert_eq!(shown, ["Bo", "10.00", "1.5", "2020-01-31", "ann@example.com", "Pro", "Blue", "true"]);
    assert_eq!(bed.stage(), "Done");
    let task = bed.task.take().unwrap();
    assert_eq!(task.assignee, Some(id(super::bed::BOB)));
    assert_eq!(task.performers.len(), 1, "it has succeeded, so its action was taken");
}

#[test]
fn every_bad_key_is_told_and_nothing_is_set() {
    let bed = answered(&json!({ "task": {
        "Notes": "kept out", "Name": "", "Amount": "1.005", "Due": "soon", "Owner": "new@example.com", "Plan": "Gold", "Stage": "Nowhere",
        "Assigned To": "new@example.com", "Foo": 1, "Task URL": "https://a.example", "Email": "foo", "Site": "a\u{0}b",
    } }));
    assert_eq!(
        bed.errors(),
        [
            "Name is required",
            "Amount is invalid",
            "Due is invalid",
            "Owner is not a user of this workspace",
            "Plan is not an option",
            "Stage is not a stage",
            "Assigned To is not a user of this workflow",
            "Foo is not a field",
            "Task URL is not a field",
            "Email is invalid",
            "Site is invalid",
        ]
    );
    assert_eq!((bed.text("Notes"), bed.text("Name")), (String::new(), "Ada".to_owned()));
    assert_eq!(bed.statuses(), [StepStatus::Fail]);
    let told = bed.execution.steps[0].error.as_ref().expect("the step tells it too");
    assert_eq!(told.whole(), bed.errors().join("; "));
    let bare = told.bare().expect("an answer may name any field");
    assert!(!bare.contains("Foo") && !bare.contains("Amount") && bare.contains("A key is not a field; "), "{bare}");
}

#[test]
fn the_stage_only_where_the_workflow_lets_the_api_set_it() {
    for (given, expected) in [("Done", Some("Stage is not editable")), ("Open", None)] {
        let mut bed = Bed::with(CALL, |document| format!("stage_by_api: false\n{document}"));
        bed.begin();
        bed.reply(ok(&json!({ "task": { "Stage": given } })));
        match expected {
            Some(expected) => assert_eq!(bed.errors(), [expected]),
            None => assert!(bed.succeeded(), "the stage that it is in already is no change"),
        }
        assert_eq!(bed.stage(), "Open");
    }
}

#[test]
fn a_unique_id_is_set_where_it_is_free() {
    for (given, taken) in [("A1", false), ("A2", true), ("A0", false)] {
        let mut bed = Bed::with(CALL, |document| document.replace(", autoincrement: true", "")).set(&[("ID", json!("A0"))]);
        // Its own is taken too: by itself.
        bed.known.taken = vec!["A2".into(), "A0".into()];
        bed.begin();
        bed.reply(ok(&json!({ "task": { "ID": given, "Plan": "Gold" } })));
        let expected: &[&str] = if taken { &["Plan is not an option", "ID has already been taken"] } else { &["Plan is not an option"] };
        assert_eq!(bed.errors(), expected, "{given}: together with what else is wrong");
    }
}

#[test]
fn what_an_answer_gives_back_unchanged_changes_nothing() {
    let file = File { blob: id(7), content_type: "application/pdf".into(), filename: "resume.pdf".into() };
    let bed = || Bed::new(CALL).set_value("ID", Value::Text("42".into())).set_value("Papers", Value::Files(vec![file.clone()]));
    let mut echo = bed().set(&[("Amount", json!(10)), ("Tags", json!(["Red"])), ("Owner", json!("ann@example.com"))]);
    echo.task.as_mut().unwrap().assignee = Some(id(ANN));
    echo.begin();
    let sent: Json = serde_json::from_str(&echo.http().body).unwrap();
    let before = echo.task.clone().unwrap();
    let ran = echo.reply(ok(&json!({ "task": sent["task"] })));
    assert!(echo.succeeded(), "{:?}", echo.execution.status);
    let after = ran.task.unwrap().1;
    assert_eq!((&after.values, after.stage, after.assignee), (&before.values, before.stage, before.assignee));

    let mut other = bed();
    other.begin();
    other.reply(ok(&json!({ "task": { "ID": "43" } })));
    assert_eq!(other.errors(), ["ID is not editable"]);
}

#[test]
fn answers_that_ask_for_nothing() {
    let json = Some("application/json");
    let rows = [
        (json, ""),
        (json, "{}"),
        (json, "[]"),
        (json, "7"),
        (json, r#"{"task":null}"#),
        (json, r#"{"task":{}}"#),
        (json, r#"{"tasks":{"Name":"Bo"}}"#),
        (Some("text/plain"), r#"{"task":{"Name":"Bo"}}"#),
        (Some("text/html; charset=utf-8"), "<html>"),
        (None, "not JSON"),
        (None, ""),
    ];
    for (content_type, body) in rows {
        let mut bed = Bed::new(CALL);
        bed.begin();
        bed.reply(answer(204, content_type, body));
        assert!(bed.succeeded(), "{content_type:?} {body}: {:?}", bed.execution.status);
        assert_eq!(bed.text("Name"), "Ada", "{content_type:?} {body}");
    }
}

#[test]
fn what_counts_as_json() {
    for content_type in [Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("application/vnd.a+json"), None] {
        let mut bed = Bed::new(CALL);
        bed.begin();
        bed.reply(answer(200, content_type, r#"{"task":{"Name":"Bo"}}"#));
        assert_eq!(bed.text("Name"), "Bo", "{content_type:?}");
    }
}

#[test]
fn what_says_that_it_is_json_must_be() {
    let rows = [
        ("{", "The answer is not valid JSON: EOF while parsing an object at line 1 column 1"),
        (r#"{"task":{"Name":"Bo","Name":"Cy"}}"#, "The answer is not valid JSON: key \"Name\" is given twice at line 1 column 33"),
        (r#"{"a":1,"a":2}"#, "The answer is not valid JSON: key \"a\" is given twice at line 1 column 13"),
        (r#"{"task":[]}"#, "task is invalid"),
        (r#"{"task":"Bo"}"#, "task is invalid"),
        (r#"{"task":{"Name":"a\u0000b"}}"#, "Name is invalid"),
    ];
    for (body, expected) in rows {
        let mut bed = Bed::new(CALL);
        bed.begin();
        bed.reply(answer(200, Some("application/json"), body));
        assert_eq!(bed.errors(), [expected], "{body}");
        assert_eq!(bed.text("Name"), "Ada");
    }
}

const MAPPED: &str =
    "{ do: api_call, url: 'https://a.example', body: '{}', map: { Name: /customer/name, Count: /items/1/n, Notes: '', Plan: /plan } }";

#[test]
fn a_mapping_sets_each_field_from_its_place() {
    let step = MAPPED.replace(", Notes: ''", ", Notes: /a~1b/~0");
    let mut bed = Bed::new(&step).set(&[("Plan", json!("Pro"))]);
    bed.begin();
    let body = json!({ "customer": { "name": "Bo" }, "items": [{ "n": 1 }, { "n": 2 }], "a/b": { "~": "x" }, "plan": null, "task": { "Name": "Cy" } });
    bed.reply(answer(200, Some("text/plain"), &body.to_string()));
    assert!(bed.succeeded(), "{:?}", bed.execution.status);
    assert_eq!(["Name", "Count", "Notes", "Plan"].map(|name| bed.text(name)), ["Bo", "2", "x", ""]);
}

#[test]
fn what_a_mapping_does_not_find_or_may_not_set() {
    let whole = json!({ "customer": { "name": "Bo" }, "items": [1, { "n": "many" }], "plan": "Gold" });
    let rows = [
        (
            "{}",
            vec![
                "Name is not in the answer, where /customer/name was to be",
                "Count is not in the answer, where /items/1/n was to be",
                "Plan is not in the answer, where /plan was to be",
            ],
        ),
        ("", vec!["The answer is not valid JSON: EOF while parsing a value at line 1 column 1"]),
        ("<html>", vec!["The answer is not valid JSON: expected value at line 1 column 1"]),
    ];
    for (body, expected) in rows {
        let mut bed = Bed::new(MAPPED);
        bed.begin();
        bed.reply(answer(200, None, body));
        assert_eq!(bed.errors(), expected, "{body}");
    }
    let mut bed = Bed::new(MAPPED);
    bed.begin();
    bed.reply(ok(&whole));
    assert_eq!(bed.errors(), ["Count is invalid", "Notes is invalid", "Plan is not an option"], "an object is no text");
    assert_eq!(bed.text("Name"), "Ada");
}

#[test]
fn a_field_or_stage_that_went_between_call_and_answer() {
    let mut bed = Bed::new(&MAPPED.replace(", Notes: ''", ""));
    bed.begin();
    bed.current.fields.retain(|field| field.name != "Plan");
    bed.reply(ok(&json!({ "customer": { "name": "Bo" }, "items": [0, { "n": 1 }], "plan": "Pro" })));
    assert_eq!(bed.errors(), ["Field Plan no longer exists"]);
    assert_eq!(bed.text("Name"), "Ada");

    let mut bed = Bed::new(CALL);
    bed.begin();
    bed.current.fields.retain(|field| field.name != "Plan");
    bed.current.stages.retain(|stage| stage.name != "Held");
    bed.reply(ok(&json!({ "task": { "Plan": "Pro", "Stage": "Held" } })));
    assert_eq!(bed.errors(), ["Plan is not a field", "Stage is not a stage"]);

    let mut bed = Bed::new(&format!("{CALL}\n{{ do: move_to_stage, stage: Held }}"));
    bed.begin();
    bed.current.stages.retain(|stage| stage.name != "Held");
    bed.reply(ok(&json!({})));
    assert_eq!(bed.errors(), ["Stage Held no longer exists"]);
    assert_eq!(bed.statuses(), [StepStatus::Success, StepStatus::Fail]);
}

#[test]
fn an_answer_that_nobody_asked_is_not_read() {
    let steps = [
        "{ do: api_call, url: 'https://a.example', body: '{}' }",
        "{ do: api_call, url: 'https://a.example', method: GET }",
        "{ do: zapier, url: 'https://a.example' }",
    ];
    for step in steps {
        let mut bed = Bed::new(step);
        bed.begin();
        bed.reply(answer(200, Some("application/json"), r#"{"task":{"Name":"Bo","Foo":1}}"#));
        assert!(bed.succeeded(), "{step}: {:?}", bed.execution.status);
        assert_eq!(bed.text("Name"), "Ada", "{step}");
    }
}

#[test]
fn what_people_did_meanwhile_stays_but_for_the_fields_that_the_answer_names() {
    let mut bed = Bed::new(CALL);
    bed.begin();
    bed = bed.set(&[("Name", json!("Edited")), ("Notes", json!("Edited"))]);
    bed.reply(ok(&json!({ "task": { "Name": "Bo" } })));
    assert_eq!((bed.text("Name"), bed.text("Notes")), ("Bo".to_owned(), "Edited".to_owned()));
}
