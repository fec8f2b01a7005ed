//! `GET .../tasks/<unique-id>/actions`

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::get;

fn listed(review: &Review, names: &[&str]) -> Json {
    names.iter().map(|name| json!({ "id": review.action(name), "name": name })).collect()
}

#[tokio::test]
async fn the_actions_of_the_stage_in_order_whatever_is_unmet() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (stage, names) in [
        ("Open", &["Approve", "Reject", "Take", "Count up", "Own", "Break", "Erase"][..]),
        ("Review", &["Approve", "Take", "Count up"]),
        ("Done", &["Send back", "Count up"]),
        ("Rejected", &["Count up"]),
    ] {
        review.send(super::server::put(review.at("/tasks/1"), json!({ "Stage": stage }))).await.expect(200);
        review.server.check(get(review.at("/tasks/1/actions")), 200, listed(&review, names)).await;
    }
}

#[tokio::test]
async fn a_key_of_a_role_sees_what_the_role_may_take() {
    let review = Review::start().await;
    let task = review.task(json!({ "ID": "1" })).await.json();
    let own = task["Task URL"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for (role, names) in [("Limited", &["Count up"][..]), ("Reader", &[]), ("Administrator", &["Approve", "Reject"])] {
        let key = review.role_key(role).await;
        for id in ["1", &own] {
            let shown = review.send(get(review.at(&format!("/tasks/{id}/actions"))).by(&key)).await.expect(200).json();
            let shown: Vec<&Json> = shown.as_array().unwrap().iter().take(2).collect();
            assert_eq!(serde_json::to_value(shown).unwrap(), listed(&review, names), "{role}");
        }
    }
    let blind = review.role_key("Own tasks").await;
    review.server.refuses(get(review.at("/tasks/1/actions")).by(&blind), 404, &["Task not found"]).await;
}
