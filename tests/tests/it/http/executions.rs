//! `POST .../executions` and `GET .../executions/<id>`: what is accepted, what is refused and in which words, and
//! how it ends.

use baton_engine::KeyScope;
use serde_json::json;

use super::review::{Review, failed};
use super::server::{delete, get, post, put};

const ANN: &str = "ann@hogwarts.edu";

#[tokio::test]
async fn an_accepted_execution_is_followed_to_its_end() {
    let review = Review::start().await;
    review.collaborator(ANN, "Collaborator").await;
    review.task(json!({ "ID": "678", "Name": "Dr. Who", "Assigned To": ANN, "Stage": "Review" })).await;
    tick(&review, "678", "Review").await;
    let accepted = review.send(review.take("Approve", "678", Some(ANN))).await.expect(202);
    let id = accepted.string("id");
    assert_eq!(accepted.text(), json!({ "id": id, "status": "Pending" }).to_string());
    let path = review.at(&format!("/executions/{id}"));
    assert_eq!(accepted.header("location"), Some(format!("/api/v1{path}").as_str()));
    review.server.check(get(path.clone()), 200, json!({ "id": id, "status": "Pending" })).await;

    review.server.work();
    assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));
    review.server.check(get(path), 200, json!({ "id": id, "status": "Success" })).await;
    let shown = review.shown("678", &["Stage", "Plan", "Notes", "Assigned To"]).await;
    assert_eq!(shown, json!(["Done", "Pro", "Dr. Who is in", ANN]));
}

/// Completes every item of the stage.
async fn tick(review: &Review, task: &str, stage: &str) {
    let items = review.send(get(review.at(&format!("/tasks/{task}/checklist_items?Stage={stage}")))).await.expect(200).json();
    for item in items.as_array().expect("items") {
        let path = review.at(&format!("/tasks/{task}/checklist_items/{}", item["id"].as_str().expect("an id")));
        review.send(put(path, json!({ "status": "Completed" }))).await.expect(200);
    }
}

#[tokio::test]
async fn every_unmet_requirement_is_told_in_the_documented_order() {
    let review = Review::working().await;
    review.collaborator(ANN, "Collaborator").await;
    review.task(json!({ "ID": "1" })).await;
    let unmet = ["Name is required", "Checklist must be completed", "Must be assigned", "Name must include honorable prefix"];
    review.server.check(review.take("Approve", "1", None), 422, failed(&unmet)).await;
    review.send(put(review.at("/tasks/1"), json!({ "Name": "Who", "Assigned To": ANN }))).await.expect(200);
    review.server.check(review.take("Approve", "1", None), 422, failed(&[unmet[1], unmet[3]])).await;
    review.send(put(review.at("/tasks/1"), json!({ "Name": "Dr. Who" }))).await.expect(200);
    tick(&review, "1", "Open").await;
    assert_eq!(review.taken("Approve", "1", None).await, json!({ "status": "Success" }));
}

#[tokio::test]
async fn only_the_first_kind_of_refusal_is_told_and_all_of_it() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "2", "Stage": "Rejected" })).await;
    review.collaborator("reader@hogwarts.edu", "Reader").await;
    let approve = review.action("Approve");
    for (body, status, told) in [
        (json!({ "foo": 1, "task_id": 1.5 }), 422, &["foo is not a parameter", "task_id is invalid"][..]),
        (json!({}), 422, &["task_id is required", "action_id is required"]),
        (json!({ "task_id": null, "action_id": "" }), 422, &["task_id is required", "action_id is required"]),
        (json!({ "task_id": "9" }), 422, &["action_id is required"]),
        (json!({ "action_id": "zz" }), 422, &["task_id is required"]),
        (json!({ "task_id": "9", "action_id": "zz", "performed_by": "x" }), 422, &["Task not found"]),
        (json!({ "task_id": "1", "action_id": "zz", "performed_by": "x" }), 422, &["Action not found"]),
        (json!({ "task_id": "1", "action_id": "Approve" }), 422, &["Action not found"]),
        (json!({ "task_id": "2", "action_id": approve, "performed_by": "x@y.zz" }), 422, &["x@y.zz is not a user of this workflow"]),
        (
            json!({ "task_id": "2", "action_id": approve, "performed_by": "reader@hogwarts.edu" }),
            403,
            &["reader@hogwarts.edu may not perform Approve"],
        ),
        (json!({ "task_id": "2", "action_id": approve }), 422, &["Approve cannot be taken in Rejected"]),
        (json!({ "task_id": "1", "action_id": approve, "performed_by": "" }), 422, &["performed_by is invalid"]),
    ] {
        review.server.check(post(review.at("/executions"), body), status, failed(told)).await;
    }
    assert_eq!(review.shown("1", &["Stage"]).await, json!(["Open"]), "a refusal stores nothing");
}

#[tokio::test]
async fn the_task_goes_by_its_unique_id_or_its_public_id() {
    let review = Review::start().await;
    let url = review.task(json!({ "ID": 678 })).await.string("Task URL");
    let public_id = url.rsplit('/').next().unwrap();
    let action = review.action("Count up");
    for task in [json!("678"), json!(678), json!(public_id)] {
        review.send(post(review.at("/executions"), json!({ "task_id": task, "action_id": action }))).await.expect(202);
    }
    // A Unique ID goes before a public id of the same spelling.
    review.task(json!({ "ID": public_id })).await;
    review.server.work();
    let call = post(review.at("/executions"), json!({ "task_id": public_id, "action_id": action }));
    let id = review.send(call).await.expect(202).string("id");
    review.finished(&id).await;
    assert_eq!(review.shown("678", &["Count"]).await, json!(["3"]));
    assert_eq!(review.shown(public_id, &["Count"]).await, json!(["1"]));
}

#[tokio::test]
async fn who_performs_must_be_a_collaborator_who_may() {
    let review = Review::working().await;
    for email in ["outsider@hogwarts.edu", "gone@hogwarts.edu"] {
        review.server.user(email).await;
    }
    review.collaborator("gone@hogwarts.edu", "Collaborator").await;
    review.server.deactivate("gone@hogwarts.edu").await;
    review.collaborator("invited@hogwarts.edu", "Limited").await;
    review.collaborator("sees@hogwarts.edu", "Own tasks").await;
    review.task(json!({ "ID": "1" })).await;
    for (email, status, told) in [
        ("outsider@hogwarts.edu", 422, "outsider@hogwarts.edu is not a user of this workflow"),
        ("gone@hogwarts.edu", 422, "gone@hogwarts.edu is not a user of this workflow"),
        ("invited@hogwarts.edu", 403, "invited@hogwarts.edu may not perform Take"),
        ("sees@hogwarts.edu", 422, "Task not found"),
    ] {
        review.server.check(review.take("Take", "1", Some(email)), status, failed(&[told])).await;
    }
    // Invited people count, admins need not be listed, and e-mails have no case.
    assert_eq!(review.taken("Count up", "1", Some("invited@hogwarts.edu")).await, json!({ "status": "Success" }));
    assert_eq!(review.taken("Take", "1", Some("Albus@Hogwarts.EDU")).await, json!({ "status": "Success" }));
    assert_eq!(review.shown("1", &["Assigned To", "Count"]).await, json!(["albus@hogwarts.edu", "1"]));
}

#[tokio::test]
async fn without_a_person_there_is_nobody_to_assign_to() {
    let review = Review::working().await;
    review.collaborator(ANN, "Collaborator").await;
    review.task(json!({ "ID": "1", "Assigned To": ANN })).await;
    assert_eq!(review.taken("Take", "1", None).await, failed(&["Performed by API, not by a person"]));
    for (by, told) in [(None, "Must be assigned to you"), (Some("albus@hogwarts.edu"), "Must be assigned to you")] {
        review.server.check(review.take("Own", "1", by), 422, failed(&[told])).await;
    }
    assert_eq!(review.taken("Own", "1", Some(ANN)).await, json!({ "status": "Success" }));
}

#[tokio::test]
async fn duties_are_separated() {
    let review = Review::working().await;
    review.collaborator(ANN, "Collaborator").await;
    review.collaborator("bob@hogwarts.edu", "Collaborator").await;
    review.task(json!({ "ID": "1", "Name": "Dr. Who", "Assigned To": ANN })).await;
    tick(&review, "1", "Open").await;
    assert_eq!(review.taken("Approve", "1", Some(ANN)).await, json!({ "status": "Success" }));
    let told = failed(&["Must be done by somebody else"]);
    // Ann approved it, the key created it.
    review.server.check(review.take("Send back", "1", Some(ANN)), 422, told.clone()).await;
    review.server.check(review.take("Send back", "1", None), 422, told).await;
    assert_eq!(review.taken("Send back", "1", Some("bob@hogwarts.edu")).await, json!({ "status": "Success" }));
}

#[tokio::test]
async fn a_failed_step_tells_its_error_and_what_was_done_before_stays() {
    let review = Review::working().await;
    review.task(json!({ "ID": "1", "Name": "foo" })).await;
    let id = review.send(review.take("Break", "1", None)).await.expect(202).string("id");
    assert_eq!(review.finished(&id).await, failed(&["Email is invalid"]));
    let path = review.at(&format!("/executions/{id}"));
    review.server.check(get(path), 200, json!({ "id": id, "status": "Fail", "errors": ["Email is invalid"] })).await;
    assert_eq!(review.shown("1", &["Notes", "Email"]).await, json!(["first", null]), "nothing after it runs");
}

#[tokio::test]
async fn an_execution_outlives_its_task() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "2" })).await;
    let late = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    review.send(delete(review.at("/tasks/1"))).await.expect(204);
    review.server.work();
    assert_eq!(review.finished(&late).await, failed(&["Task no longer exists"]));
    assert_eq!(review.taken("Erase", "2", None).await, json!({ "status": "Success" }));
    review.server.refuses(get(review.at("/tasks/2")), 404, &["Task not found"]).await;
}

#[tokio::test]
async fn an_execution_belongs_to_its_workflow() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let id = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    let other = review.send(post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }))).await.expect(201).string("id");
    review.server.refuses(get(format!("/workflows/{other}/executions/{id}")), 404, &["Execution not found"]).await;
}

#[tokio::test]
async fn a_key_can_do_no_more_than_its_scope() {
    let review = Review::start().await;
    let task = review.task(json!({ "ID": "1" })).await;
    assert_eq!(task.json()["Stage"], "Open");
    let execution = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    let path = review.at(&format!("/executions/{execution}"));
    let scoped = |scope: KeyScope| async { review.server.key(scope).await.1 };

    let read_only = scoped(KeyScope { read_only: true, ..KeyScope::default() }).await;
    review.server.refuses(review.take("Count up", "1", None).by(&read_only), 403, &["API key is read-only"]).await;
    review.send(get(path.clone()).by(&read_only)).await.expect(200);

    let other = review.send(post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }))).await.expect(201).string("id");
    let elsewhere = scoped(KeyScope { workflows: Some(vec![other.parse().unwrap()]), ..KeyScope::default() }).await;
    review.server.refuses(review.take("Count up", "1", None).by(&elsewhere), 404, &["Workflow not found"]).await;
    review.server.refuses(get(path.clone()).by(&elsewhere), 404, &["Workflow not found"]).await;

    let limited = review.role_key("Limited").await;
    review.send(review.take("Count up", "1", None).by(&limited)).await.expect(202);
    let told = failed(&["API key may not perform Reject"]);
    review.server.check(review.take("Reject", "1", None).by(&limited), 403, told.clone()).await;
    // Also for a person who may: allowed is what both allow.
    review.server.check(review.take("Reject", "1", Some("albus@hogwarts.edu")).by(&limited), 403, told).await;

    let blind = review.role_key("Own tasks").await;
    review.server.check(review.take("Reject", "1", None).by(&blind), 422, failed(&["Task not found"])).await;
    review.server.refuses(get(path).by(&blind), 404, &["Execution not found"]).await;
}
