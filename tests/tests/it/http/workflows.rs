//! The workspace, workflows, and their fields, stages and roles.

use baton_engine::KeyScope;
use serde_json::json;

use super::review::{Review, text};
use super::server::{get, post};

#[tokio::test]
async fn the_workspace_of_the_key() {
    let review = Review::start().await;
    let expected = json!({ "id": review.server.workspace.to_string(), "name": "Hogwarts" });
    review.server.check(get("/workspace"), 200, expected).await;
}

#[tokio::test]
async fn workflows_that_the_key_may_use() {
    let review = Review::start().await;
    let made = review.send(post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }))).await.expect(201);
    let (own, other) = (json!({ "id": review.workflow, "name": "Review" }), json!({ "id": made.string("id"), "name": "Other" }));
    for path in ["/workflows", "/workflows?_archived=true", "/workflows?_archived=false"] {
        review.server.check(get(path), 200, json!([own, other])).await;
    }
    let scope = KeyScope { workflows: Some(vec![made.string("id").parse().unwrap()]), ..KeyScope::default() };
    let (_, key) = review.server.key(scope).await;
    review.server.check(get("/workflows").by(&key), 200, json!([other])).await;
    review.server.refuses(get(review.at("/fields")).by(&key), 404, &["Workflow not found"]).await;
}

#[tokio::test]
async fn fields_have_their_keys_in_alphabetical_order() {
    let review = Review::start().await;
    let definition = json!({
        "name": "Kinds", "stages": [{ "name": "Open" }],
        "fields": [
            { "name": "No", "type": "uniqueId", "autoincrement": true },
            { "name": "Name", "type": "text", "required": true, "editable": false },
            { "name": "Plan", "type": "singleSelect", "options": ["Free", { "name": "Pro", "color": "blue" }] },
            { "name": "Tags", "type": "multipleSelect", "options": ["a"] },
            { "name": "Papers", "type": "file", "limit": 3 },
            { "name": "Sum", "type": "currency", "currency": "USD" }
        ]
    });
    let made = review.send(post("/workflows", definition)).await.expect(201);
    let path = format!("/workflows/{}/fields", made.string("id"));
    let ids: Vec<String> =
        review.send(get(path.clone())).await.expect(200).json().as_array().unwrap().iter().map(|field| text(&field["id"])).collect();
    let expected = json!([
        { "autoincrement": true, "editable": false, "id": ids[0], "name": "No", "required": false, "type": "uniqueId" },
        { "editable": false, "id": ids[1], "name": "Name", "required": true, "type": "text" },
        { "editable": true, "id": ids[2], "name": "Plan", "options": ["Free", "Pro"], "required": false, "type": "singleSelect" },
        { "editable": true, "id": ids[3], "name": "Tags", "options": ["a"], "required": false, "type": "multipleSelect" },
        { "editable": true, "id": ids[4], "limit": 3, "name": "Papers", "required": false, "type": "file" },
        { "editable": true, "id": ids[5], "name": "Sum", "required": false, "type": "currency" },
    ]);
    review.server.check(get(path), 200, expected).await;

    let types = review.send(get(review.at("/fields"))).await.expect(200).json();
    let types: Vec<String> = types.as_array().unwrap().iter().map(|field| text(&field["type"])).collect();
    assert_eq!(
        types.join(" "),
        "uniqueId text longText number currency phone date datetime person singleSelect multipleSelect checkbox email url text"
    );
    let limited = review.role_key("Limited").await;
    let seen = review.send(get(review.at("/fields")).by(&limited)).await.expect(200);
    assert!(!seen.text().contains("Amount") && seen.text().contains("Notes"), "{}", seen.text());
}

#[tokio::test]
async fn stages_in_order_and_roles() {
    let review = Review::start().await;
    let stages = json!([{ "name": "Open" }, { "name": "Review" }, { "name": "Done" }, { "name": "Rejected" }]);
    review.server.check(get(review.at("/stages")), 200, stages).await;
    let roles = review.send(get(review.at("/roles"))).await.expect(200);
    let shown = roles.json();
    let mut names: Vec<(String, bool)> =
        shown.as_array().unwrap().iter().map(|role| (text(&role["name"]), role["admin"] == true)).collect();
    let first = json!({ "id": shown[0]["id"], "name": shown[0]["name"], "admin": shown[0]["admin"] });
    assert_eq!(shown[0].to_string(), first.to_string(), "keys in order");
    names.sort();
    let expected = [("Administrator", true), ("Collaborator", false), ("Limited", false), ("Own tasks", false), ("Reader", false)];
    assert_eq!(names, expected.map(|(name, admin)| (name.to_owned(), admin)));
}

#[tokio::test]
async fn a_key_of_a_role_is_shown_the_workflows_that_have_it() {
    let review = Review::start().await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    review.send(other).await.expect(201);
    let key = review.role_key("Reader").await;
    let listed = review.send(get("/workflows").by(&key)).await.expect(200).json();
    let ids: Vec<&serde_json::Value> = listed.as_array().expect("a list").iter().map(|workflow| &workflow["id"]).collect();
    assert_eq!(ids, [review.workflow.as_str()]);
}
