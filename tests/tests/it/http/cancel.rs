//! `POST .../executions/<id>/cancel`, wherever the execution stands.

use serde_json::json;

use super::calls::Calls;
use super::review::failed;
use super::server::{Call, get, post};

const CANCELLED: &str = "Cancelled by API (First key)";

fn cancel(calls: &Calls, execution: &str) -> Call {
    let mut call = post(calls.at(execution, "/cancel"), "").with("content-type", "");
    call.headers.retain(|(_, value)| !value.is_empty());
    call
}

#[tokio::test]
async fn one_that_waits_for_its_turn_ends_at_once() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.take("Order", "1").await;
    let request = calls.receiver.next().await;
    let (second, third) = (calls.take("Count up", "1").await, calls.take("Count up", "1").await);
    let ended = json!({ "id": second, "status": "Fail", "errors": [CANCELLED] });
    calls.review.server.check(cancel(&calls, &second), 200, ended.clone()).await;
    calls.review.server.check(get(calls.at(&second, "")), 200, ended).await;
    assert_eq!(calls.of_steps(&second, "status").await, json!(["Pending"]));
    request.answer(200, r#"{"ticket":"T"}"#).await;
    // Its place in the queue is left, and holds nobody up.
    assert_eq!(calls.review.finished(&first).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.finished(&third).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.shown("1", &["Count"]).await, json!(["12"]));
    calls.review.server.refuses(cancel(&calls, &second), 409, &["Execution has ended already"]).await;
}

#[tokio::test]
async fn one_at_the_head_that_nobody_runs_ends_at_once() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let (first, second) = (calls.take("Count up", "1").await, calls.take("Count up", "1").await);
    let ended = json!({ "id": first, "status": "Fail", "errors": [CANCELLED] });
    calls.review.server.check(cancel(&calls, &first), 200, ended).await;
    calls.review.server.work();
    assert_eq!(calls.review.finished(&second).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.shown("1", &["Count"]).await, json!(["1"]));
}

#[tokio::test]
async fn one_that_waits_to_repeat_its_call_ends_at_once() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let id = calls.take("Insist", "1").await;
    let behind = calls.take("Count up", "1").await;
    calls.receiver.next().await.answer(503, "no").await;
    calls.until_waiting(&id).await;
    let ended = json!({ "id": id, "status": "Fail", "errors": [CANCELLED] });
    calls.review.server.check(cancel(&calls, &id), 200, ended).await;
    assert_eq!(calls.review.finished(&behind).await, json!({ "status": "Success" }));
    let step = calls.expanded(&id).await["steps"][0].clone();
    assert_eq!((&step["status"], &step["error"], &step["answer"]["status"]), (&json!("Fail"), &json!(CANCELLED), &json!(503)));
    assert!(step["started_at"].as_str() < step["finished_at"].as_str(), "{step}");
    assert!(calls.receiver.is_idle());
    assert_eq!(calls.review.shown("1", &["Count"]).await, json!(["1"]));
}

#[tokio::test]
async fn one_at_a_call_ends_when_the_call_does() {
    let mut calls = Calls::working().await;
    for (task, answer, statuses) in [("1", 200, ["Success", "Success"]), ("2", 503, ["Success", "Fail"])] {
        calls.review.task(json!({ "ID": task, "Name": "Ann" })).await;
        let id = calls.take("Order", task).await;
        let request = calls.receiver.next().await;
        // Twice is as good as once.
        for _ in 0..2 {
            calls.review.server.check(cancel(&calls, &id), 200, json!({ "id": id, "status": "Pending" })).await;
        }
        request.answer(answer, r#"{"ticket":"T"}"#).await;
        let errors = calls.review.finished(&id).await["errors"].clone();
        if answer == 200 {
            // What came back is kept; nothing after it runs.
            assert_eq!(errors, json!([CANCELLED]));
            assert_eq!(calls.review.shown(task, &["Count", "Ticket"]).await, json!(["1", "T"]));
        } else {
            assert!(errors[0].as_str().expect("an error").contains("answered 503"), "{errors}");
        }
        let shown = calls.of_steps(&id, "status").await;
        assert_eq!(shown, json!([statuses[0], statuses[1], "Pending", "Pending"]));
        calls.review.server.refuses(cancel(&calls, &id), 409, &["Execution has ended already"]).await;
    }
}

#[tokio::test]
async fn a_call_that_would_be_repeated_is_not() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let id = calls.take("Insist", "1").await;
    let request = calls.receiver.next().await;
    calls.review.send(cancel(&calls, &id)).await.expect(200);
    request.answer(503, "no").await;
    assert_eq!(calls.review.finished(&id).await, failed(&[CANCELLED]));
}

#[tokio::test]
async fn the_history_says_who_ended_it() {
    let mut calls = Calls::working().await;
    calls.review.collaborator("ann@hogwarts.edu", "Collaborator").await;
    calls.review.task(json!({ "ID": "1" })).await;
    let taken = calls.review.send(calls.review.take("Insist", "1", Some("ann@hogwarts.edu"))).await.expect(202).string("id");
    calls.receiver.next().await.answer(503, "no").await;
    calls.until_waiting(&taken).await;
    calls.review.send(cancel(&calls, &taken)).await.expect(200);
    let rows = calls.review.history("1", 200).await.0;
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["task.created", "execution.started", "execution.finished"]);
    let last = rows.last().expect("rows");
    assert_eq!((&last["actor"]["name"], &last["execution"]), (&json!("First key"), &json!(taken)));
    assert_eq!(last["after"], json!({ "action": "Insist", "status": "Fail", "errors": [CANCELLED] }));
}

#[tokio::test]
async fn only_who_may_take_the_action_may_cancel_it() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    let by = async |role: &str| cancel(&calls, &id).by(&calls.review.role_key(role).await);
    calls.review.server.refuses(by("Counts").await, 403, &["API key may not perform Order"]).await;
    calls.review.server.refuses(by("Own tasks").await, 404, &["Execution not found"]).await;
    let told = "foo is not a parameter";
    calls.review.server.refuses(post(calls.at(&id, "/cancel"), r#"{"foo":1}"#), 422, &[told]).await;
    calls.review.server.refuses(post(calls.at(&id, "/cancel?foo=1"), "{}"), 422, &[told]).await;
    calls.review.server.refuses(post(calls.at(&id, "/cancel"), "[]"), 422, &["body must be a JSON object"]).await;
    calls.review.send(post(calls.at(&id, "/cancel"), "{}").by(&calls.review.role_key("Blinkered").await)).await.expect(200);
}
