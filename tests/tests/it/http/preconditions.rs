//! `ETag` and `If-Match` on tasks and definitions.

use serde_json::json;

use super::review::Review;
use super::server::{Call, delete, get, post, put};

#[tokio::test]
async fn a_tasks_version_is_its_etag() {
    let review = Review::start().await;
    let tag = |reply: super::server::Reply| reply.header("etag").expect("an ETag").to_owned();
    assert_eq!(tag(review.task(json!({ "ID": "1" })).await), "\"1\"");
    assert_eq!(tag(review.send(get(review.at("/tasks/1"))).await), "\"1\"");
    assert_eq!(tag(review.send(put(review.at("/tasks/1"), json!({ "Name": "x" }))).await), "\"2\"");
    assert_eq!(tag(review.send(put(review.at("/tasks/1"), json!({ "Name": "x" }))).await), "\"2\"", "nothing changed");
    assert_eq!(tag(review.send(post(review.at("/tasks"), json!({ "ID": "1", "Stage": "Done" }))).await), "\"3\"");
    // Comments and ticks are not the task's state.
    review.send(post(review.at("/tasks/1/comments"), json!({ "body": "x" }))).await.expect(201);
    review.send(post(review.at("/tasks/1/checklist_items"), json!({ "title": "x", "Stage": "Done" }))).await.expect(201);
    assert_eq!(tag(review.send(get(review.at("/tasks/1"))).await), "\"3\"");
}

#[tokio::test]
async fn a_change_is_made_only_to_what_was_seen() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.send(put(review.at("/tasks/1"), json!({ "Name": "x" }))).await.expect(200);
    let changes =
        || [put(review.at("/tasks/1"), "{}"), put(review.at("/tasks"), r#"{"ID":"1"}"#), post(review.at("/tasks"), r#"{"ID":"1"}"#)];
    for holds in ["\"2\"", "*", "\"1\", \"2\"", "W/\"9\", \"2\""] {
        for call in changes() {
            review.send(call.with("if-match", holds)).await.expect(200);
        }
    }
    let moved = "If-Match does not hold: the version is now \"2\"";
    for stale in ["\"1\"", "W/\"2\"", "\"1\", \"3\"", "\"abc\""] {
        for call in changes().into_iter().chain([delete(review.at("/tasks/1"))]) {
            review.server.refuses(call.with("if-match", stale), 412, &[moved]).await;
        }
    }
    for malformed in ["2", "\"2", "\"2\" \"3\""] {
        let told = format!("If-Match is {malformed:?}; allowed is * or a list of ETags such as \"3\"");
        for call in changes().into_iter().chain([delete(review.at("/tasks/1"))]) {
            review.server.refuses(call.with("if-match", malformed), 422, &[&told]).await;
        }
    }
    for holds in ["*", "\"1\""] {
        let new = post(review.at("/tasks"), r#"{"ID":"2"}"#).with("if-match", holds);
        review.server.refuses(new, 412, &["If-Match does not hold: there is no such task"]).await;
    }
    review.send(delete(review.at("/tasks/1")).with("if-match", "\"2\"")).await.expect(204);
}

#[tokio::test]
async fn an_action_is_taken_only_on_what_was_seen() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.send(put(review.at("/tasks/1"), json!({ "Name": "x" }))).await.expect(200);
    let take = |seen: &str| review.take("Count up", "1", None).with("if-match", seen);
    review.server.refuses(take("\"1\""), 412, &["If-Match does not hold: the version is now \"2\""]).await;
    review.server.refuses(take("1"), 422, &["If-Match is \"1\"; allowed is * or a list of ETags such as \"3\""]).await;
    review.server.check(get(review.at("/executions")), 200, json!([])).await;
    review.send(take("\"2\"")).await.expect(202);
    let many = post(review.at("/executions"), json!({ "task_ids": ["1"], "action_id": review.action("Count up") }));
    let told = "If-Match is \"\\\"2\\\"\"; allowed is none with several tasks, for each has a version of its own";
    review.server.refuses(many.with("if-match", "\"2\""), 422, &[told]).await;
}

#[tokio::test]
async fn a_definition_is_saved_only_over_what_was_seen() {
    let review = Review::start().await;
    let path = review.at("/definition");
    let found = review.send(get(path.clone())).await.expect(200);
    assert_eq!(found.header("etag"), Some("\"1\""));
    let mut definition = found.json();
    definition["icon"] = "🌊".into();
    let save = |definition: &serde_json::Value, seen: &str| -> Call { put(path.clone(), definition).with("if-match", seen) };
    assert_eq!(review.send(save(&definition, "\"1\"")).await.expect(200).header("etag"), Some("\"2\""));
    definition["icon"] = "🚀".into();
    let moved = ["If-Match does not hold: the version is now \"2\""];
    review.server.refuses(save(&definition, "\"1\""), 412, &moved).await;
    review.server.refuses(put(format!("{path}?_revision=1"), "").with("if-match", "\"1\""), 412, &moved).await;
    review.send(save(&definition, "*")).await.expect(200);
}
