//! Checklist items: the template's of every stage, and the task's own.

use serde_json::{Value as Json, json};

use super::review::{Review, text};
use super::server::{delete, get, post, put};

const ITEMS: &str = "/tasks/1/checklist_items";

async fn titles(review: &Review, query: &str) -> Vec<String> {
    let items = review.send(get(review.at(&format!("{ITEMS}{query}")))).await.expect(200).json();
    items.as_array().expect("items").iter().map(|item| text(&item["title"])).collect()
}

#[tokio::test]
async fn every_task_has_the_templates_items() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let items = review.send(get(review.at(ITEMS))).await.expect(200);
    let first = items.json()[0].clone();
    let id = text(&first["id"]);
    let expected = json!({
        "id": id, "title": "Looked at the website", "status": "Blank", "editable": false, "Assigned To": null, "Stage": "Open"
    });
    assert_eq!(first.to_string(), expected.to_string());
    review.server.check(get(review.at(&format!("{ITEMS}/{id}"))), 200, expected).await;
    assert_eq!(titles(&review, "").await, ["Looked at the website", "Checked the list", "Read twice"]);
    assert_eq!(titles(&review, "?Stage=Review").await, ["Read twice"]);
    assert_eq!(titles(&review, "?Stage=Review&Stage=Done").await, ["Read twice"]);
    for (query, told) in [("?Stage=Nowhere", json!({ "Stage": ["is not a stage"] })), ("?Title=x", json!({ "Title": ["is not a field"] }))]
    {
        review.server.check(get(review.at(&format!("{ITEMS}{query}"))), 422, json!({ "errors": told })).await;
    }
}

#[tokio::test]
async fn an_item_of_the_template_changes_in_status_and_assignee_only() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let items = review.send(get(review.at(ITEMS))).await.expect(200).json();
    let path = review.at(&format!("{ITEMS}/{}", text(&items[0]["id"])));
    let changed = review.send(put(path.clone(), json!({ "status": "Completed", "Assigned To": "albus@hogwarts.edu" }))).await.expect(200);
    let expected = json!({
        "id": items[0]["id"], "title": "Looked at the website", "status": "Completed", "editable": false,
        "Assigned To": "albus@hogwarts.edu", "Stage": "Open"
    });
    assert_eq!(changed.text(), expected.to_string());
    // What it says already may be said again.
    review.send(put(path.clone(), json!({ "title": "Looked at the website", "Stage": "Open", "status": "Skipped" }))).await.expect(200);
    for (body, told) in [
        (json!({ "title": "x" }), json!({ "title": ["is not editable"] })),
        (json!({ "Stage": "Done", "status": "Done" }), json!({ "Stage": ["is not editable"], "status": ["is not an option"] })),
        (
            json!({ "status": null, "Assigned To": "x@y.zz" }),
            json!({ "status": ["is invalid"], "Assigned To": ["is not a user of this workflow"] }),
        ),
        (json!({ "done": true }), json!({ "done": ["is not a field"] })),
    ] {
        review.server.check(put(path.clone(), body), 422, json!({ "errors": told })).await;
    }
    let told = "item comes from the checklist template; deletion is not allowed here";
    review.server.refuses(delete(path.clone()), 422, &[told]).await;
    let found = review.send(get(path)).await.expect(200).json();
    assert_eq!((&found["status"], &found["Assigned To"]), (&json!("Skipped"), &json!("albus@hogwarts.edu")));
}

#[tokio::test]
async fn a_task_has_items_of_its_own() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "2" })).await;
    for (body, told) in [
        (json!({}), json!({ "title": ["is required"], "Stage": ["is required"] })),
        (json!({ "title": " ", "Stage": "Open" }), json!({ "title": ["is required"] })),
        (json!({ "title": "x", "Stage": "Nowhere" }), json!({ "Stage": ["is not a stage"] })),
    ] {
        review.server.check(post(review.at(ITEMS), body), 422, json!({ "errors": told })).await;
    }
    let made = review.send(post(review.at(ITEMS), json!({ "title": " Call ", "Stage": "Open" }))).await.expect(201);
    let id = made.string("id");
    let expected = json!({ "id": id, "title": "Call", "status": "Blank", "editable": true, "Assigned To": null, "Stage": "Open" });
    assert_eq!(made.text(), expected.to_string());
    let path = review.at(&format!("{ITEMS}/{id}"));
    assert_eq!(made.header("location"), Some(format!("/api/v1{path}").as_str()));
    assert_eq!(titles(&review, "?Stage=Open").await, ["Looked at the website", "Checked the list", "Call"]);
    review.server.refuses(get(review.at(&format!("/tasks/2/checklist_items/{id}"))), 404, &["Checklist item not found"]).await;

    let moved = review.send(put(path.clone(), json!({ "title": "Ring", "Stage": "Done", "status": "Completed" }))).await.expect(200);
    let shown = moved.json();
    assert_eq!([&shown["title"], &shown["Stage"], &shown["status"]], ["Ring", "Done", "Completed"].map(Json::from).each_ref());
    review.send(delete(path.clone())).await.expect(204);
    review.server.refuses(delete(path), 404, &["Checklist item not found"]).await;
}

#[tokio::test]
async fn returning_to_a_stage_keeps_the_ticks() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let items = review.send(get(review.at(ITEMS))).await.expect(200).json();
    let path = review.at(&format!("{ITEMS}/{}", text(&items[0]["id"])));
    review.send(put(path.clone(), json!({ "status": "Completed" }))).await.expect(200);
    for stage in ["Done", "Open"] {
        review.send(put(review.at("/tasks/1"), json!({ "Stage": stage }))).await.expect(200);
    }
    assert_eq!(review.send(get(path)).await.json()["status"], "Completed");
}

#[tokio::test]
async fn who_has_left_stays_the_assignee_until_another_is_named() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let (ann, email) = (review.collaborator("ann@hogwarts.edu", "Collaborator").await, "ann@hogwarts.edu");
    let body = json!({ "title": "Call", "Stage": "Open", "Assigned To": email });
    let id = review.send(post(review.at(ITEMS), body)).await.expect(201).string("id");
    let path = review.at(&format!("{ITEMS}/{id}"));
    review.send(delete(review.at(&format!("/users/{ann}")))).await.expect(204);
    let kept = review.send(put(path.clone(), json!({ "status": "Completed", "Assigned To": email }))).await.expect(200).json();
    assert_eq!((&kept["status"], &kept["Assigned To"]), (&json!("Completed"), &json!(email)));
    review.send(put(path.clone(), json!({ "Assigned To": null }))).await.expect(200);
    let told = json!({ "errors": { "Assigned To": ["is not a user of this workflow"] } });
    review.server.check(put(path, json!({ "Assigned To": email })), 422, told).await;
}
