//! `Idempotency-Key` on every POST.

use baton_engine::KeyScope;
use serde_json::json;

use super::review::{Review, failed};
use super::server::{Call, Reply, get, post};

fn same(first: &Reply, again: &Reply) {
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    for header in ["content-type", "location", "etag"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn every_post_is_done_once_and_answered_the_same_again() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let execution = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    let calls = [
        post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] })),
        post(review.at("/tasks"), json!({ "Name": "x" })),
        post(review.at("/tasks"), json!({ "ID": "1", "Name": "x" })),
        post(review.at("/executions"), json!({ "task_id": "1", "action_id": review.action("Count up") })),
        post(review.at(&format!("/executions/{execution}/cancel")), ""),
        post(review.at(&format!("/executions/{execution}/retry")), ""),
        post(review.at("/tasks/1/comments"), json!({ "body": "hello" })),
        post(review.at("/tasks/1/checklist_items"), json!({ "title": "x", "Stage": "Open" })),
        post(review.at("/users"), json!({ "email": "new@hogwarts.edu" })),
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let call = call.with("idempotency-key", &format!("key-{number}"));
        let first = review.send(call.clone()).await;
        assert!(first.status.is_success(), "{}: {}", call.path, first.text());
        let again = review.send(call).await;
        same(&first, &again);
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
    }
    let count = |path: &str| {
        let path = review.at(path);
        async { review.send(get(path)).await.expect(200).json().as_array().expect("a list").len() }
    };
    assert_eq!((count("/tasks").await, count("/tasks/1/comments").await, count("/users").await), (2, 1, 2));
    assert_eq!(count("/executions").await, 3);
}

#[tokio::test]
async fn a_key_stands_for_one_body_in_one_place() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let keyed = |call: Call| call.with("idempotency-key", "k");
    let first = review.send(keyed(post(review.at("/tasks"), r#"{"Name":"x"}"#))).await.expect(201);
    let other_body = keyed(post(review.at("/tasks"), r#"{"Name": "x"}"#));
    review.server.refuses(other_body, 422, &["Idempotency-Key was used with another body"]).await;
    // Another path, another key in use, another workspace: another scope.
    let item = review.send(keyed(post(review.at("/tasks/1/checklist_items"), r#"{"title":"x","Stage":"Open"}"#))).await.expect(201);
    assert_eq!(item.header("idempotency-replayed"), None);
    let (_, second_key) = review.server.key(KeyScope::default()).await;
    same(&first, &review.send(keyed(post(review.at("/tasks"), r#"{"Name":"x"}"#)).by(&second_key)).await);
    let other = review.server.engine.fresh_id();
    let elsewhere = review.server.new_workspace(other, "Elsewhere", "a@elsewhere.org").await;
    for key in [&review.server.key, &elsewhere] {
        let made = review.send(keyed(post("/workflows", json!({ "name": "W", "stages": [{ "name": "Open" }] }))).by(key)).await.expect(201);
        assert_eq!(made.header("idempotency-replayed"), None);
    }
}

#[tokio::test]
async fn a_key_that_may_less_does_not_learn_what_another_was_told() {
    let review = Review::start().await;
    let call = post(review.at("/tasks"), json!({ "Name": "x" })).with("idempotency-key", "k");
    review.send(call.clone()).await.expect(201);
    let (_, read_only) = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    review.send(call.clone().by(&read_only)).await.expect(403);
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let other = review.send(other).await.expect(201).string("id").parse().expect("an id");
    let elsewhere = KeyScope { workflows: Some(vec![other]), ..KeyScope::default() };
    let (_, elsewhere) = review.server.key(elsewhere).await;
    review.send(call.clone().by(&elsewhere)).await.expect(404);
    review.send(call.by(&review.role_key("Reader").await)).await.expect(403);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Stage": "Done" })).await;
    let call = review.take("Reject", "1", None).with("idempotency-key", "k");
    review.server.check(call.clone(), 422, failed(&["Reject cannot be taken in Done"])).await;
    review.send(super::server::put(review.at("/tasks/1"), json!({ "Stage": "Open" }))).await.expect(200);
    let accepted = review.send(call.clone()).await.expect(202);
    assert_eq!(accepted.header("idempotency-replayed"), None);
    same(&accepted, &review.send(call).await);
}

#[tokio::test]
async fn a_key_is_short_and_plain() {
    let review = Review::start().await;
    let allowed = "1 to 255 visible ASCII characters";
    for key in ["with space", "é", &"x".repeat(256)] {
        let told = format!("Idempotency-Key is {key:?}; allowed is {allowed}");
        // Also where it would keep nothing.
        let named = json!({ "name": "X" });
        for call in [
            post(review.at("/tasks"), "{}"),
            post("/workflows?_dry_run=true", &named),
            post(review.at("/executions?_dry_run=true"), "{}"),
            post(review.at("/executions?_explain=true"), "{}"),
        ] {
            review.server.refuses(call.with("idempotency-key", key), 422, &[&told]).await;
        }
    }
    review.send(post(review.at("/tasks"), "{}").with("idempotency-key", &"x".repeat(255))).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_twins_get_one_answer() {
    twins(Review::start().await).await;
}

pub async fn twins(review: Review) {
    let review = std::sync::Arc::new(review);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let review = review.clone();
        asked.spawn(async move {
            let reply = review.send(post(review.at("/tasks"), json!({ "Name": "x" })).with("idempotency-key", "k")).await.expect(201);
            (reply.text().to_owned(), reply.header("idempotency-replayed").is_some())
        });
    }
    let answers = asked.join_all().await;
    assert!(answers.iter().all(|(text, _)| *text == answers[0].0));
    assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1);
    assert_eq!(review.send(get(review.at("/tasks"))).await.json().as_array().map(Vec::len), Some(1));
}
