//! What an error quotes may be the value of any field: a key whose role hides one is told without.

use serde_json::{Value as Json, json};

use super::calls::Calls;
use super::review::failed;
use super::server::{get, post};

impl Calls {
    /// The errors of an execution in each place where they stand, which must be the same ones.
    async fn errors_for(&self, execution: &str, key: &str) -> Json {
        let send = async |path: String| self.review.send(get(path).by(key)).await.expect(200).json();
        let errors = send(self.at(execution, "")).await["errors"].clone();
        let expanded = send(self.at(execution, "?expand=steps")).await;
        assert_eq!(expanded["errors"], errors);
        let failed = expanded["steps"].as_array().expect("steps").iter().find(|step| step["status"] == "Fail");
        let joined = errors.as_array().expect("errors").iter().map(|error| error.as_str().expect("text")).collect::<Vec<_>>().join("; ");
        assert_eq!(failed.expect("a step has failed")["error"], json!(joined));
        let listed = send(self.review.at("/executions?_limit=1")).await;
        assert_eq!((&listed[0]["id"], &listed[0]["errors"]), (&json!(execution), &errors));
        let history = send(self.review.at("/tasks/1/activity?_limit=200")).await;
        let last = history.as_array().and_then(|rows| rows.last()).expect("a row");
        assert_eq!((&last["kind"], &last["after"]["errors"]), (&json!("execution.finished"), &errors));
        for hidden in ["geheim", "10.0.0.1"].iter().filter(|hidden| !joined.contains(**hidden)) {
            assert!(!expanded.to_string().contains(hidden) && !listed.to_string().contains(hidden), "{expanded} {listed}");
        }
        errors
    }
}

#[tokio::test]
async fn a_key_whose_role_hides_a_field_is_told_without_what_an_error_quotes() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let blinkered = calls.review.role_key("Blinkered").await;
    let [counts, full] = [calls.review.role_key("Counts").await, calls.review.server.key.clone()];
    let said = json!({ "task": { "geheim": 1, "Count": "geheim", "Name": null } }).to_string();
    for (action, answer, whole, bare) in [
        ("Order", Some((503, "geheim is down")), vec![" answered 503: geheim is down"], vec!["API call answered 503"]),
        ("Order", Some((200, r#"{"geheim":1,"geheim":2}"#)), vec!["The answer is not valid JSON: "], vec!["The answer is not valid JSON"]),
        (
            "Order",
            Some((200, "{}")),
            vec!["Ticket is not in the answer, where /ticket was to be"],
            vec!["A value is not in the answer, where /ticket was to be"],
        ),
        (
            "Ask first",
            Some((200, said.as_str())),
            vec!["geheim is not a field", "Count is invalid"],
            vec!["A key is not a field", "A value is invalid"],
        ),
        ("Reach inside", None, vec!["API call to 10.0.0.1 is not allowed: 10.0.0.1"], vec!["API call is not allowed"]),
        // It quotes nothing.
        ("Mail", None, vec!["E-mail can't be sent: "], vec!["E-mail can't be sent: the operator has set no mail server (smtp.host)"]),
    ] {
        let id = calls.take(action, "1").await;
        if let Some((status, body)) = answer {
            calls.receiver.next().await.answer(status, body).await;
        }
        calls.review.finished(&id).await;
        assert_eq!(calls.errors_for(&id, &blinkered).await, json!(bare), "{action}");
        for key in [&full, &counts] {
            let told = calls.errors_for(&id, key).await;
            let told: Vec<&str> = told.as_array().expect("errors").iter().map(|error| error.as_str().expect("text")).collect();
            assert!(told.len() == whole.len() && told.iter().zip(&whole).all(|(told, part)| told.contains(part)), "{told:?}");
        }
    }
}

/// The messages that the definition gives are told as they are.
#[tokio::test]
async fn a_required_field_that_is_hidden_has_no_name() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let order = || calls.review.take("Order", "1", None);
    calls.review.server.check(order(), 422, failed(&["Name is required"])).await;
    let blinkered = calls.review.role_key("Blinkered").await;
    calls.review.server.check(order().by(&blinkered), 422, failed(&["Name is required"])).await;
    let nameless = calls.review.role_key("Nameless").await;
    calls.review.server.check(order().by(&nameless), 422, failed(&["A value is required"])).await;
}

/// A retry goes on with what was kept, whoever asks for it.
#[tokio::test]
async fn a_retry_by_such_a_key_keeps_the_whole_error_of_the_first() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let first = calls.take("Ask first", "1").await;
    calls.receiver.next().await.answer(503, "geheim").await;
    let whole = calls.review.finished(&first).await;
    let blinkered = calls.review.role_key("Blinkered").await;
    let asked = post(calls.at(&first, "/retry"), "{}").by(&blinkered);
    let second = calls.review.send(asked).await.expect(202).string("id");
    calls.receiver.next().await.answer(200, "").await;
    assert_eq!(calls.review.finished(&second).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.finished(&first).await, whole);
}
