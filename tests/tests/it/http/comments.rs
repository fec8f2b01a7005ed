//! Comments.

use serde_json::json;

use super::review::Review;
use super::server::{get, post};

#[tokio::test]
async fn comments_are_listed_oldest_first_with_their_authors() {
    let review = Review::working().await;
    review.task(json!({ "ID": "1" })).await;
    review.server.check(get(review.at("/tasks/1/comments")), 200, json!([])).await;
    let first = review.send(post(review.at("/tasks/1/comments"), json!({ "body": " as written\n" }))).await.expect(201);
    let timestamp = first.string("timestamp");
    assert_eq!(first.text(), json!({ "author": "API", "body": " as written\n", "timestamp": timestamp }).to_string());
    assert!(timestamp.ends_with('Z') && timestamp.len() == "2026-11-23T22:56:01.123Z".len(), "{timestamp}");
    review.taken("Reject", "1", Some("albus@hogwarts.edu")).await;
    let listed = review.send(get(review.at("/tasks/1/comments"))).await.expect(200).json();
    assert_eq!(listed[0], first.json());
    assert_eq!((&listed[1]["author"], &listed[1]["body"]), (&json!("albus@hogwarts.edu"), &json!("Rejected by albus@hogwarts.edu.")));
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_comment_says_something() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (body, told) in [
        (json!({}), "is required"),
        (json!({ "body": null }), "is required"),
        (json!({ "body": " \n" }), "is required"),
        (json!({ "body": 5 }), "is invalid"),
        (json!({ "body": "a\0b" }), "is invalid"),
        (json!({ "body": "x".repeat(64 * 1024 + 1) }), "is too long"),
    ] {
        let told = json!({ "errors": { "body": [told] } });
        review.server.check(post(review.at("/tasks/1/comments"), body), 422, told).await;
    }
    let unknown = post(review.at("/tasks/1/comments"), json!({ "body": "x", "author": "y" }));
    review.server.refuses(unknown, 422, &["author is not a parameter"]).await;
    review.send(post(review.at("/tasks/1/comments"), json!({ "body": "x".repeat(64 * 1024) }))).await.expect(201);
}
