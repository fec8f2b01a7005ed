//! Many executions of one task: one at a time, in the order accepted, each checked again when it runs.

use serde_json::{Value as Json, json};

use super::review::{Review, failed};
use super::server::put;

/// A task that may be approved at once.
async fn ready(review: &Review) {
    review.task(json!({ "ID": "1", "Name": "Dr. Who", "Assigned To": "albus@hogwarts.edu", "Stage": "Review" })).await;
    let items = review.send(super::server::get(review.at("/tasks/1/checklist_items?Stage=Review"))).await.expect(200).json();
    let path = review.at(&format!("/tasks/1/checklist_items/{}", items[0]["id"].as_str().expect("an item")));
    review.send(put(path, json!({ "status": "Skipped" }))).await.expect(200);
}

#[tokio::test]
async fn what_was_accepted_is_checked_again_when_it_runs() {
    let review = Review::start().await;
    ready(&review).await;
    let mut ids = Vec::new();
    for action in ["Approve", "Approve", "Count up", "Send back"] {
        let reply = review.send(review.take(action, "1", Some("albus@hogwarts.edu"))).await;
        match action {
            "Send back" => assert_eq!(reply.text(), failed(&["Send back cannot be taken in Review"]).to_string()),
            _ => ids.push(reply.expect(202).string("id")),
        }
    }
    review.server.work();
    let mut ends = Vec::new();
    for id in &ids {
        ends.push(review.finished(id).await);
    }
    assert_eq!(ends, [json!({ "status": "Success" }), failed(&["Approve cannot be taken in Done"]), json!({ "status": "Success" })]);
}

#[tokio::test]
async fn they_run_in_the_order_accepted() {
    let review = Review::start().await;
    ready(&review).await;
    let mut last = String::new();
    for _ in 0..50 {
        last = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    }
    assert_eq!(review.shown("1", &["Count"]).await, json!([null]));
    review.server.work();
    review.finished(&last).await;
    assert_eq!(review.shown("1", &["Count"]).await, json!(["50"]), "the last to end is the last accepted");
}

#[tokio::test]
async fn at_most_a_thousand_wait() {
    let review = Review::start().await;
    ready(&review).await;
    for _ in 0..1000 {
        review.send(review.take("Count up", "1", None)).await.expect(202);
    }
    let told = failed(&["1000 executions of this task are waiting; try again later"]);
    let reply = review.server.check(review.take("Count up", "1", None), 429, told).await;
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_simultaneous_approvals_one_succeeds() {
    two_hundred_approvals(Review::working().await).await;
}

/// Each of the 199 is told either at once, or when it runs; the effects are there once.
pub async fn two_hundred_approvals(review: Review) {
    ready(&review).await;
    let review = std::sync::Arc::new(review);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let review = review.clone();
        asked.spawn(async move {
            let reply = review.send(review.take("Approve", "1", Some("albus@hogwarts.edu"))).await;
            match reply.status.as_u16() {
                202 => review.finished(&reply.string("id")).await,
                422 => reply.json(),
                other => panic!("{other}: {}", reply.text()),
            }
        });
    }
    let ends: Vec<Json> = asked.join_all().await;
    let refused = failed(&["Approve cannot be taken in Done"]);
    let successes = ends.iter().filter(|end| **end == json!({ "status": "Success" })).count();
    assert_eq!((successes, ends.iter().filter(|end| **end == refused).count()), (1, 199));

    assert_eq!(review.shown("1", &["Stage", "Plan"]).await, json!(["Done", "Pro"]));
    let moved = |row: &&Json| row["kind"] == "task.updated" && row["after"]["Stage"] == "Done";
    assert_eq!(review.history("1", 200).await.0.iter().filter(moved).count(), 1, "effects once");
}
