//! `fields` in the body of a POST: set first, in the same transaction as the execution.

use serde_json::json;

use super::review::{Review, failed};
use super::server::{Call, get, post};

fn with_fields(review: &Review, action: &str, performed_by: Option<&str>, fields: serde_json::Value) -> Call {
    let mut body = review.take(action, "1", performed_by).json();
    body["fields"] = fields;
    post(review.at("/executions"), body)
}

#[tokio::test]
async fn a_required_field_and_the_action_go_together() {
    let review = Review::working().await;
    review.collaborator("ann@example.com", "Collaborator").await;
    review.task(json!({ "ID": "1", "Stage": "Review", "Assigned To": "ann@example.com" })).await;
    for item in review.send(get(review.at("/tasks/1/checklist_items?Stage=Review"))).await.expect(200).json().as_array().unwrap() {
        let path = review.at(&format!("/tasks/1/checklist_items/{}", item["id"].as_str().unwrap()));
        review.send(super::server::put(path, json!({ "status": "Completed" }))).await.expect(200);
    }
    let call = with_fields(&review, "Approve", Some("ann@example.com"), json!({ "Name": "Dr. Who", "Amount": 5 }));
    let execution = review.send(call).await.expect(202).string("id");
    assert_eq!(review.finished(&execution).await["status"], "Success");
    assert_eq!(review.shown("1", &["Name", "Amount", "Notes", "Stage"]).await, json!(["Dr. Who", "5.00", "Dr. Who is in", "Done"]));

    let (rows, _) = review.history("1", 50).await;
    let set = rows.iter().find(|row| row["after"]["Amount"] == "5.00").expect("the fields are in the history");
    assert_eq!((&set["execution"], &set["actor"]["name"]), (&json!(execution), &json!("Ann Lee")));
    let kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[kinds.len() - 4..], ["task.updated", "execution.started", "task.updated", "execution.finished"]);
}

#[tokio::test]
async fn what_is_invalid_is_told_and_nothing_is_set() {
    let review = Review::start().await;
    review.collaborator("ann@example.com", "Limited").await;
    review.collaborator("bob@example.com", "Collaborator").await;
    review.collaborator("cy@example.com", "Reader").await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "2" })).await;
    let before = review.send(get(review.at("/tasks/1"))).await.json();
    for (action, performed_by, fields, status, told) in [
        (
            "Count up",
            None,
            json!({ "Email": "foo", "Foo": 1, "Plan": "Gold", "Stage": "Done", "Assigned To": null, "Count": 1 }),
            422,
            &["Email is invalid", "Foo is not a field", "Plan is not an option", "Stage is not a field", "Assigned To is not a field"][..],
        ),
        ("Count up", None, json!({ "ID": "2" }), 422, &["ID has already been taken"]),
        ("Count up", None, json!({ "ID": "2", "Email": "foo" }), 422, &["Email is invalid", "ID has already been taken"]),
        (
            "Count up",
            Some("ann@example.com"),
            json!({ "Amount": 1, "Notes": "x" }),
            422,
            &["Amount is not a field", "Notes is not editable"],
        ),
        ("Count up", Some("bob@example.com"), json!({ "Fixed": "x" }), 422, &["Fixed is not editable"]),
        (
            "Approve",
            None,
            json!({ "Name": "Ann" }),
            422,
            &["Checklist must be completed", "Must be assigned", "Name must include honorable prefix"],
        ),
        ("Approve", None, json!({ "Name": " ", "Email": 1 }), 422, &["Email is invalid"]),
        ("Approve", Some("cy@example.com"), json!({ "Name": "Dr. Who" }), 403, &["cy@example.com may not perform Approve"]),
        ("Send back", None, json!({ "Email": "foo" }), 422, &["Send back cannot be taken in Open"]),
    ] {
        review.server.check(with_fields(&review, action, performed_by, fields), status, failed(told)).await;
    }
    assert_eq!(review.send(get(review.at("/tasks/1"))).await.json(), before);
}

const ASKING: &str = "
name: Asking
fields: [ { name: ID, type: uniqueId }, { name: Reason, type: text }, { name: Amount, type: number }, { name: Other, type: text } ]
stages: [ { name: Open }, { name: Done, end: true } ]
actions:
  - name: Close
    from: [Open]
    requirements: [ { require: fields, fields: [Amount] } ]
    steps: [ { do: move_to_stage, stage: Done } ]
    ask: [Reason]
roles: [ { name: Closer, tasks: { edit: false } } ]
";

#[tokio::test]
async fn who_may_not_edit_may_still_say_what_the_action_asks_for() {
    let review = Review::of(super::server::Server::start().await, ASKING).await;
    review.collaborator("ann@example.com", "Closer").await;
    review.task(json!({ "ID": "1" })).await;
    let close = |fields| with_fields(&review, "Close", Some("ann@example.com"), fields);
    review.server.check(close(json!({ "Amount": 1, "Other": "x" })), 422, failed(&["Other is not editable"])).await;
    review.send(close(json!({ "Amount": 1, "Reason": "x" }))).await.expect(202);
    assert_eq!(review.shown("1", &["Amount", "Reason"]).await, json!(["1", "x"]));
}
