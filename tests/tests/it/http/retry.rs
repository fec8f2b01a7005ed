//! `POST .../executions/<id>/retry`: a failed execution goes on where it failed, as a new one.

use serde_json::{Value as Json, json};

use super::calls::Calls;
use super::review::failed;
use super::server::{Call, post, put};

const TICKET: &str = r#"{"ticket":"T"}"#;

fn retry(calls: &Calls, execution: &str) -> Call {
    post(calls.at(execution, "/retry"), "{}")
}

impl Calls {
    /// An execution whose call was answered by 503.
    async fn failed(&mut self, action: &str, task: &str) -> String {
        let id = self.take(action, task).await;
        self.receiver.next().await.answer(503, "no").await;
        assert_eq!(self.review.finished(&id).await["status"], "Fail");
        id
    }

    /// Retries, and holds the answer to its shape; the new one's id.
    async fn retried(&self, execution: &str, first: &str) -> String {
        let reply = self.review.send(retry(self, execution)).await.expect(202);
        let id = reply.string("id");
        assert_eq!(reply.text(), json!({ "id": id, "status": "Pending", "retry_of": first }).to_string());
        assert_eq!(reply.header("location"), Some(format!("/api/v1{}", self.at(&id, "")).as_str()));
        id
    }

    async fn refuses_retry(&self, execution: &str, status: u16, told: &str) {
        self.review.server.check(retry(self, execution), status, failed(&[told])).await;
    }
}

#[tokio::test]
async fn it_goes_on_at_the_failed_step_with_a_key_of_its_own() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.failed("Order", "1").await;
    // What held when it began is not asked again.
    calls.review.send(put(calls.review.at("/tasks/1"), json!({ "Name": null, "Stage": "Done" }))).await.expect(200);

    let second = calls.retried(&first, &first).await;
    let request = calls.receiver.next().await;
    assert_eq!(request.key(), format!("exe_{second}_s2").to_ascii_lowercase());
    assert_eq!(request.body, r#"{"n":"1"}"#, "the step before is not taken again");
    assert_eq!(calls.of_steps(&second, "status").await, json!(["Skipped", "Running", "Pending", "Pending"]));
    calls.refuses_retry(&first, 409, &format!("A retry is under way already: execution {second}")).await;
    calls.refuses_retry(&second, 409, &format!("A retry is under way already: execution {second}")).await;

    // A retry of a retry goes on where that one failed, and names the first.
    request.answer(500, "no").await;
    calls.review.finished(&second).await;
    assert_eq!(calls.of_steps(&second, "status").await, json!(["Skipped", "Fail", "Pending", "Pending"]));
    let third = calls.retried(&second, &first).await;
    calls.receiver.next().await.answer(200, r#"{"ticket":7}"#).await;
    assert_eq!(calls.review.finished(&third).await["status"], "Fail", "the ticket is no text");
    // Asked of the first, it is the last that goes on.
    let fourth = calls.retried(&first, &first).await;
    calls.receiver.next().await.answer(200, TICKET).await;
    assert_eq!(calls.review.finished(&fourth).await, json!({ "status": "Success" }));
    assert_eq!(calls.of_steps(&fourth, "status").await, json!(["Skipped", "Success", "Skipped", "Success"]));
    assert_eq!(calls.review.shown("1", &["Count", "Ticket"]).await, json!(["11", "T"]));
    for execution in [&first, &second, &third, &fourth] {
        calls.refuses_retry(execution, 409, &format!("A retry has succeeded already: execution {fourth}")).await;
    }
    let started: Vec<Json> = calls.review.history("1", 200).await.0;
    let named: Vec<&Json> = started.iter().filter(|row| row["kind"] == "execution.started").map(|row| &row["after"]["retry_of"]).collect();
    assert_eq!(named, [&Json::Null, &json!(first), &json!(first), &json!(first)]);
}

#[tokio::test]
async fn one_that_failed_at_its_first_step_goes_on_there() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.failed("Ask first", "1").await;
    calls.review.send(put(calls.review.at("/tasks/1"), json!({ "Name": null }))).await.expect(200);
    let second = calls.retried(&first, &first).await;
    calls.receiver.next().await.answer(200, "{}").await;
    assert_eq!(calls.review.finished(&second).await, json!({ "status": "Success" }));
    assert_eq!(calls.of_steps(&second, "status").await, json!(["Success", "Success"]));
}

#[tokio::test]
async fn one_that_failed_before_its_first_step_is_checked_anew() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.take("Order", "1").await;
    calls.review.send(put(calls.review.at("/tasks/1"), json!({ "Name": null }))).await.expect(200);
    calls.review.server.work();
    assert_eq!(calls.review.finished(&first).await, failed(&["Name is required"]));
    calls.refuses_retry(&first, 422, "Name is required").await;
    calls.review.send(put(calls.review.at("/tasks/1"), json!({ "Name": "Ann", "Stage": "Done" }))).await.expect(200);
    calls.refuses_retry(&first, 422, "Order cannot be taken in Done").await;
}

/// The same when it comes to run as when it was accepted.
#[tokio::test]
async fn a_retry_of_one_that_had_not_begun_is_checked_again_when_it_runs() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let before = calls.take("Ask first", "1").await;
    let request = calls.receiver.next().await;
    let first = calls.take("Order", "1").await;
    calls.review.send(post(calls.at(&first, "/cancel"), "{}")).await.expect(200);
    let second = calls.retried(&first, &first).await;
    request.answer(200, "{}").await;
    assert_eq!(calls.review.finished(&before).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.finished(&second).await, failed(&["Order cannot be taken in Done"]));
}

#[tokio::test]
async fn only_what_has_failed_can_be_retried() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    let request = calls.receiver.next().await;
    calls.refuses_retry(&id, 409, "Only a failed execution can be retried").await;
    request.answer(200, TICKET).await;
    calls.review.finished(&id).await;
    calls.refuses_retry(&id, 409, "Only a failed execution can be retried").await;
}

#[tokio::test]
async fn who_performs_is_asked_again_and_so_is_whoever_retries() {
    let mut calls = Calls::working().await;
    let ann = calls.review.collaborator("ann@hogwarts.edu", "Collaborator").await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.review.send(calls.review.take("Order", "1", Some("ann@hogwarts.edu"))).await.expect(202).string("id");
    calls.receiver.next().await.answer(503, "no").await;
    calls.review.finished(&first).await;
    let counts = calls.review.role_key("Counts").await;
    calls.review.server.check(retry(&calls, &first).by(&counts), 403, failed(&["API key may not perform Order"])).await;
    calls.review.send(put(calls.review.at(&format!("/users/{ann}")), json!({ "role": "Counts" }))).await.expect(200);
    calls.refuses_retry(&first, 403, "ann@hogwarts.edu may not perform Order").await;
    calls.review.send(super::server::delete(calls.review.at(&format!("/users/{ann}")))).await.expect(204);
    calls.refuses_retry(&first, 422, "ann@hogwarts.edu is not a user of this workflow").await;
}

#[tokio::test]
async fn a_task_that_is_gone_can_not_be_gone_on_with() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.failed("Order", "1").await;
    calls.review.send(super::server::delete(calls.review.at("/tasks/1"))).await.expect(204);
    calls.refuses_retry(&first, 422, "Task no longer exists").await;
}

/// As it was when the execution began, whatever the definition has become.
#[tokio::test]
async fn it_runs_on_the_revision_of_the_first() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.failed("Order", "1").await;
    let mut document = calls.review.send(super::server::get(calls.review.at("/definition"))).await.expect(200).json();
    document["actions"].as_array_mut().expect("actions").retain(|action| action["name"] != "Order");
    calls.review.send(put(calls.review.at("/definition"), document)).await.expect(200);
    let second = calls.retried(&first, &first).await;
    calls.receiver.next().await.answer(200, TICKET).await;
    assert_eq!(calls.review.finished(&second).await, json!({ "status": "Success" }));
}
