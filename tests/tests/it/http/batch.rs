//! An array as the body of `POST` and `PUT .../tasks`.

use baton_engine::KeyScope;
use serde_json::{Value as Json, json};

use super::review::{Review, text};
use super::server::{get, post, put};

async fn count(review: &Review) -> usize {
    review.send(get(review.at("/tasks"))).await.expect(200).json().as_array().map_or(0, Vec::len)
}

fn column(tasks: &Json, name: &str) -> Vec<Json> {
    tasks.as_array().expect("a list").iter().map(|task| task[name].clone()).collect()
}

#[tokio::test]
async fn all_are_saved_and_answered_in_their_order() {
    in_order(Review::start().await).await;
}

pub async fn in_order(review: Review) {
    let three = json!([{ "ID": "b", "Name": "x" }, { "ID": 7 }, { "Name": "no id" }]);
    let made = review.send(post(review.at("/tasks"), &three)).await.expect(201);
    assert_eq!((made.header("location"), made.header("etag")), (None, None));
    let made = made.json();
    assert_eq!(column(&made, "ID"), [json!("b"), json!("7"), Json::Null]);
    let listed = review.send(get(review.at("/tasks"))).await.expect(200).json();
    assert_eq!(listed.to_string(), made.to_string(), "in the order of the request");
    // One that is new, one that is there, and one that was made just before: the list is done from its beginning.
    let mixed = json!([{ "ID": "c", "Name": "first" }, { "ID": "b", "Name": "y" }, { "ID": "c", "Notes": "then" }]);
    let saved = review.send(post(review.at("/tasks"), &mixed)).await.expect(200).json();
    assert_eq!(column(&saved, "Name"), [json!("first"), json!("y"), json!("first")]);
    assert_eq!(column(&saved, "Notes"), [Json::Null, Json::Null, json!("then")], "each as it was then");
    assert_eq!(saved[0]["Task URL"], saved[2]["Task URL"]);
    assert_eq!((count(&review).await, review.shown("c", &["Name", "Notes"]).await), (4, json!(["first", "then"])));

    let changed = json!([{ "ID": "7", "Stage": "Done" }, { "ID": "b", "Stage": "Review" }, { "ID": "7", "Name": "z" }]);
    let saved = review.send(put(review.at("/tasks"), &changed)).await.expect(200).json();
    assert_eq!(column(&saved, "Stage"), [json!("Done"), json!("Review"), json!("Done")]);
    assert_eq!(review.shown("7", &["Stage", "Name"]).await, json!(["Done", "z"]));
    for call in [post(review.at("/tasks"), "[]"), put(review.at("/tasks"), "[]")] {
        review.server.check(call, 200, json!([])).await;
    }
}

#[tokio::test]
async fn one_that_is_wrong_undoes_all_and_every_one_is_told() {
    all_or_nothing(Review::start().await).await;
}

pub async fn all_or_nothing(review: Review) {
    review.task(json!({ "ID": "1", "Name": "x" })).await;
    let bodies = json!([
        { "ID": "1", "Name": "changed" },
        { "ID": "2", "Amount": "a lot", "Foo": 1 },
        { "ID": "3" },
        { "ID": "4", "Stage": "Nowhere" },
        { "Plan": "Gold" },
    ]);
    let told = json!({ "errors": {
        "1": { "Amount": ["is invalid"], "Foo": ["is not a field"] },
        "3": { "Stage": ["is not a stage"] },
        "4": { "Plan": ["is not an option"] },
    } });
    review.server.check(post(review.at("/tasks"), &bodies), 422, told).await;
    assert_eq!((count(&review).await, review.shown("1", &["Name"]).await), (1, json!(["x"])));

    let bodies = json!([{ "ID": "1", "Name": "changed" }, { "ID": "9" }, { "Name": "y" }, { "ID": " " }, { "ID": "1", "Email": "no" }]);
    let told = json!({ "errors": {
        "1": { "ID": ["Task not found"] },
        "2": { "ID": ["is required"] },
        "3": { "ID": ["is required"] },
        "4": { "Email": ["is invalid"] },
    } });
    review.server.check(put(review.at("/tasks"), &bodies), 422, told).await;
    assert_eq!(review.shown("1", &["Name"]).await, json!(["x"]));
    // Taken by another task, and not by the one that is being made.
    let taken = review.send(post(review.at("/tasks"), json!([{ "ID": "5" }]))).await.expect(201).json();
    let public_id = text(&taken[0]["Task URL"]).rsplit('/').next().expect("a last part").to_owned();
    review.send(put(review.at(&format!("/tasks/{public_id}")), json!({ "ID": "6" }))).await.expect(200);
    assert_eq!(review.history("1", 50).await.0.len(), 1, "what was undone has no history");
}

pub async fn in_other_orders(review: Review) {
    let there: Vec<Json> = (1..=100).map(|number| json!({ "ID": number.to_string(), "Name": "there" })).collect();
    review.send(post(review.at("/tasks"), json!(there))).await.expect(201);
    let back: Vec<Json> = (1..=100).rev().map(|number| json!({ "ID": number.to_string(), "Name": "back" })).collect();
    let review = std::sync::Arc::new(review);
    let mut asked = tokio::task::JoinSet::new();
    for bodies in [json!(there), json!(back)].into_iter().cycle().take(6) {
        let (review, put) = (review.clone(), put(review.at("/tasks"), bodies));
        asked.spawn(async move { review.send(put).await.status.as_u16() });
    }
    assert_eq!(asked.join_all().await, [200; 6]);
    assert_eq!(review.shown("1", &["Name"]).await, review.shown("100", &["Name"]).await, "the last one changed all");
}

#[tokio::test]
async fn what_is_wrong_with_a_batch_is_told_of_it_as_a_whole() {
    let review = Review::start().await;
    let many: Json = (0..1001).map(|_| json!({})).collect();
    let both = [post(review.at("/tasks"), &many), put(review.at("/tasks"), &many)];
    for call in both {
        review.server.refuses(call, 422, &["body is \"1001 tasks\"; allowed is at most 1000 tasks"]).await;
    }
    for call in [post(review.at("/tasks"), "[{}]"), put(review.at("/tasks"), "[{}]")] {
        let told = "If-Match is \"\\\"1\\\"\"; allowed is none with several tasks, for each has a version of its own";
        review.server.refuses(call.with("if-match", "\"1\""), 422, &[told]).await;
    }
    review.server.refuses(put(review.at("/tasks/1"), "[{}]"), 422, &["body must be a JSON object"]).await;
    review.server.refuses(post(review.at("/tasks"), "[{}, 1]"), 422, &["body must be a JSON object or an array of objects"]).await;
    let (_, read_only) = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    let reader = review.role_key("Reader").await;
    for call in [post(review.at("/tasks"), "[]"), put(review.at("/tasks"), "[]")] {
        review.server.refuses(call.by(&read_only), 403, &["API key is read-only"]).await;
    }
    review.server.refuses(post(review.at("/tasks"), "[{}]").by(&reader), 403, &["API key may not create Tasks"]).await;
    let plain = post("/workflows", json!({ "name": "Plain", "stages": [{ "name": "Open" }] }));
    let plain = review.send(plain).await.expect(201).string("id");
    review.server.refuses(put(format!("/workflows/{plain}/tasks"), "[{}]"), 404, &["Task not found"]).await;
    assert_eq!(count(&review).await, 0);
}

#[tokio::test]
async fn under_a_key_a_batch_is_done_once() {
    let review = Review::start().await;
    let bodies: Json = (0..1000).map(|number| json!({ "Count": number })).collect();
    let call = post(review.at("/tasks"), &bodies).with("idempotency-key", "k");
    let first = review.send(call.clone()).await.expect(201);
    let again = review.send(call).await.expect(201);
    assert_eq!((again.text(), again.header("idempotency-replayed")), (first.text(), Some("true")));
    assert_eq!(count(&review).await, 1000);
}
