//! The end of a workflow: archived, and deleted.

use std::collections::BTreeSet;

use baton_api::{ROUTES, Route};
use baton_engine::KeyScope;
use serde_json::json;

use super::contract::{operation, route_of};
use super::review::Review;
use super::server::{delete, get, post, put};

#[tokio::test]
async fn an_archived_workflow_is_read_and_not_written() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Name": "x" })).await;
    let item = review.send(post(review.at("/tasks/1/checklist_items"), json!({ "title": "x", "Stage": "Open" }))).await.string("id");
    let user = review.collaborator("ann@example.com", "Reader").await;
    let accepted = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    let import = || post(review.at("/imports"), "ID\n2\n").with("content-type", "text/csv");
    let imported = review.send(import()).await.expect(202).string("id");
    let archived = |archived: bool| json!({ "id": review.workflow, "name": "Review", "archived": archived });
    for _ in 0..2 {
        review.server.check(post(review.at("/archive"), "{}"), 200, archived(true)).await;
    }
    let item = review.at(&format!("/tasks/1/checklist_items/{item}"));
    let execution = |verb: &str| review.at(&format!("/executions/{accepted}/{verb}"));
    let mut refusing = BTreeSet::new();
    for call in [
        post(review.at("/tasks"), "{}"),
        put(review.at("/tasks"), r#"{"ID":"1"}"#),
        put(review.at("/tasks/1"), "{}"),
        delete(review.at("/tasks/1")),
        review.take("Count up", "1", None),
        post(execution("cancel"), "{}"),
        post(execution("retry"), "{}"),
        post(review.at("/tasks/1/comments"), json!({ "body": "x" })),
        post(review.at("/tasks/1/checklist_items"), json!({ "title": "y", "Stage": "Open" })),
        put(item.clone(), json!({ "status": "Completed" })),
        delete(item),
        post(review.at("/users"), json!({ "email": "bob@example.com" })),
        put(review.at(&format!("/users/{user}")), json!({ "role": "Reader" })),
        delete(review.at(&format!("/users/{user}"))),
        put(review.at("/definition?_revision=1"), ""),
        import(),
        post(review.at(&format!("/imports/{imported}/cancel")), "{}"),
    ] {
        let path = call.path.split('?').next().unwrap_or_default();
        let route = route_of(&format!("/api/v1{path}"), call.method).expect("an endpoint");
        let told = format!("{} {}", call.method, call.path);
        let refused = review.send(call).await;
        assert_eq!(refused.status, 422, "{told}: {}", refused.text());
        assert!(refused.text().contains("Workflow is archived"), "{told}: {}", refused.text());
        refusing.insert((route.method.as_str(), route.path));
    }
    let says = |route: &&Route| {
        let refusals = operation(route)["responses"]["422"]["x-refusals"].as_array();
        refusals.is_some_and(|codes| codes.iter().any(|code| code == "workflow_archived"))
    };
    let told: BTreeSet<(&str, &str)> = ROUTES.iter().filter(says).map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(told, refusing, "the document tells of it where it is met");
    for rest in
        ["/tasks", "/tasks/1", "/tasks/1/actions", "/tasks/1/activity", "/definition", "/revisions", "/users", "/fields", "/executions"]
    {
        review.send(get(review.at(rest))).await.expect(200);
    }
    review.server.check(get("/workflows"), 200, json!([])).await;
    review.server.check(get("/workflows?_archived=true"), 200, json!([{ "id": review.workflow, "name": "Review" }])).await;
    // What was accepted finishes.
    review.server.work();
    assert_eq!(review.finished(&accepted).await["status"], "Success");
    for _ in 0..2 {
        review.server.check(post(review.at("/unarchive"), "{}"), 200, archived(false)).await;
    }
    review.send(put(review.at("/tasks/1"), json!({ "Name": "y" }))).await.expect(200);
    let sql = "SELECT count(*) FROM activity WHERE kind = 'workflow.archived' OR kind = 'workflow.unarchived'";
    let told = review.server.engine.read(review.server.operator(), move |cx| Ok(cx.tx.query_one(sql, &[], |row| row.int(0))?)).await;
    assert_eq!(told.unwrap(), Some(2), "each is told once");
}

#[tokio::test]
async fn a_workflow_is_deleted_only_by_its_name() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (query, value) in [("", ""), ("?_confirm=", ""), ("?_confirm=review", "review"), ("?_confirm=Review%20", "Review ")] {
        let told = format!("_confirm is {value:?}; allowed is the workflow's name, \"Review\"");
        review.server.refuses(delete(format!("{}{query}", review.path)), 422, &[&told]).await;
    }
    review.send(get(review.at("/tasks/1"))).await.expect(200);
    let (_, read_only) = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    let reader = review.role_key("Reader").await;
    let confirmed = || delete(format!("{}?_confirm=Review", review.path));
    review.server.refuses(confirmed().by(&read_only), 403, &["API key is read-only"]).await;
    review.server.refuses(confirmed().by(&reader), 403, &["API key may not archive or delete a workflow"]).await;
    review.send(post(review.at("/archive"), "{}")).await.expect(200);

    assert_eq!(review.send(confirmed()).await.expect(204).text(), "");
    for call in [
        get(review.at("/tasks")),
        get(review.at("/tasks/1")),
        get(review.at("/definition")),
        post(review.at("/tasks"), "{}"),
        post(review.at("/unarchive"), "{}"),
        confirmed(),
    ] {
        review.server.refuses(call, 404, &["Workflow not found"]).await;
    }
    review.server.check(get("/workflows?_archived=true"), 200, json!([])).await;
    // Its name is free at once.
    review.send(post("/workflows", json!({ "name": "Review" }))).await.expect(201);
}
