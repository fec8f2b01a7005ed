//! `GET .../executions`: newest first, by task, action and status, page by page.

use serde_json::{Value as Json, json};

use super::calls::Calls;
use super::server::{delete, get, post, put};

impl Calls {
    async fn list(&self, query: &str) -> Vec<Json> {
        self.review.send(get(self.review.at(&format!("/executions{query}")))).await.expect(200).json().as_array().expect("a list").clone()
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        self.list(query).await.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }
}

#[tokio::test]
async fn an_item_tells_what_was_taken_by_whom_and_how_it_ended() {
    let mut calls = Calls::working().await;
    calls.review.collaborator("ann@hogwarts.edu", "Collaborator").await;
    let url = calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await.string("Task URL");
    let task = url.rsplit('/').next().expect("a last part");
    let action = calls.review.action("Order");
    let first = calls.review.send(calls.review.take("Order", "1", Some("ann@hogwarts.edu"))).await.expect(202).string("id");
    calls.receiver.next().await.answer(503, "no").await;
    let errors = calls.review.finished(&first).await["errors"].clone();
    let second = calls.review.send(post(calls.at(&first, "/retry"), "{}")).await.expect(202).string("id");
    let request = calls.receiver.next().await;
    let third = calls.take("Count up", "1").await;

    let rows = calls.list("").await;
    let at = |row: usize, key: &str| rows[row][key].as_str().expect("a time").to_owned();
    let expected = json!([
        { "id": third, "status": "Pending", "task_id": task, "action_id": calls.review.action("Count up"), "action": "Count up",
            "performed_by": null, "retry_of": null, "created_at": at(0, "created_at"), "finished_at": null },
        { "id": second, "status": "Pending", "task_id": task, "action_id": action, "action": "Order",
            "performed_by": "ann@hogwarts.edu", "retry_of": first, "created_at": at(1, "created_at"), "finished_at": null },
        { "id": first, "status": "Fail", "task_id": task, "action_id": action, "action": "Order", "performed_by": "ann@hogwarts.edu",
            "retry_of": null, "created_at": at(2, "created_at"), "finished_at": at(2, "finished_at"), "errors": errors },
    ]);
    assert_eq!(Json::from(rows.clone()).to_string(), expected.to_string());
    assert!(at(2, "created_at") <= at(2, "finished_at") && at(2, "finished_at").ends_with('Z'), "{expected}");

    request.answer(200, r#"{"ticket":"T"}"#).await;
    calls.review.finished(&third).await;
    let named: Vec<Json> = calls.list("?_status=Success").await.iter().map(|row| row["action"].clone()).collect();
    assert_eq!(named, [json!("Count up"), json!("Order")]);

    // An action is known by the name of today, and by its last one when it is gone.
    let mut document = calls.review.send(get(calls.review.at("/definition"))).await.expect(200).json();
    let actions = document["actions"].as_array_mut().expect("actions");
    actions.retain(|action| action["name"] != "Order");
    actions.iter_mut().find(|action| action["name"] == "Count up").expect("it is there")["name"] = "Add one".into();
    calls.review.send(put(calls.review.at("/definition"), document)).await.expect(200);
    let named: Vec<Json> = calls.list("").await.iter().map(|row| row["action"].clone()).collect();
    assert_eq!(named, [json!("Add one"), json!("Order"), json!("Order")]);
}

#[tokio::test]
async fn it_is_narrowed_by_task_action_and_status() {
    let mut calls = Calls::working().await;
    let mut public = Vec::new();
    for task in ["1", "A/2 é"] {
        let url = calls.review.task(json!({ "ID": task, "Name": "Ann" })).await.string("Task URL");
        public.push(url.rsplit('/').next().expect("a last part").to_owned());
    }
    let done = calls.take("Count up", "1").await;
    calls.review.finished(&done).await;
    let failed = calls.take("Reach inside", "A/2 é").await;
    calls.review.finished(&failed).await;
    let pending = calls.take("Order", "1").await;
    let request = calls.receiver.next().await;
    let waiting = calls.take("Count up", "1").await;

    let (count, order) = (calls.review.action("Count up").to_owned(), calls.review.action("Order").to_owned());
    for (query, expected) in [
        (String::new(), vec![&waiting, &pending, &failed, &done]),
        ("?_status=Pending".to_owned(), vec![&waiting, &pending]),
        ("?_status=Success".to_owned(), vec![&done]),
        ("?_status=Fail".to_owned(), vec![&failed]),
        ("?_task=1".to_owned(), vec![&waiting, &pending, &done]),
        (format!("?_task={}", public[0]), vec![&waiting, &pending, &done]),
        ("?_task=A%2F2+%C3%A9".to_owned(), vec![&failed]),
        ("?_task=nobody".to_owned(), vec![]),
        ("?_task=".to_owned(), vec![]),
        (format!("?_action={count}"), vec![&waiting, &done]),
        (format!("?_action={count}&_status=Pending"), vec![&waiting]),
        (format!("?_action={order}&_task=1&_status=Pending"), vec![&pending]),
        (format!("?_action={order}&_status=Fail"), vec![]),
        (format!("?_action={}", public[0]), vec![]),
    ] {
        assert_eq!(calls.ids(&query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }

    // A task that has been deleted is still known by its public id.
    request.answer(200, r#"{"ticket":"T"}"#).await;
    calls.review.finished(&waiting).await;
    calls.review.send(delete(calls.review.at("/tasks/1"))).await.expect(204);
    assert_eq!(calls.ids(&format!("?_task={}", public[0])).await, [waiting, pending, done]);
    assert_eq!(calls.ids("?_task=1").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let calls = Calls::resting().await;
    for (query, told) in [
        ("?_status=pending", "_status is \"pending\"; allowed is Pending, Success or Fail"),
        ("?_action=Count+up", "_action is \"Count up\"; allowed is the id of an action"),
        ("?_cursor=-", "_cursor is \"-\"; allowed is a cursor from a Link header"),
        ("?_limit=201", "_limit is \"201\"; allowed is a whole number from 1 to 200"),
        ("?_limit=0", "_limit is \"0\"; allowed is a whole number from 1 to 200"),
        ("?status=Fail", "status is not a parameter"),
        ("?_status=Fail&_status=Success", "_status is \"Success\"; allowed is one value"),
    ] {
        calls.review.server.refuses(get(calls.review.at(&format!("/executions{query}"))), 422, &[told]).await;
    }
}

#[tokio::test]
async fn pages_follow_each_other_while_more_come() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "A/1" })).await;
    calls.review.task(json!({ "ID": "2" })).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(calls.take("Count up", "A/1").await);
        calls.take("Count up", "2").await;
    }
    expected.reverse();
    let mut seen = Vec::new();
    let mut lengths = Vec::new();
    let mut next = Some(calls.review.at("/executions?_task=A%2F1&_status=Pending&_limit=3"));
    while let Some(path) = next {
        let reply = calls.review.send(get(path)).await.expect(200);
        next = reply.header("link").map(|link| {
            let (target, rest) = link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a target");
            assert_eq!(rest, "; rel=\"next\"");
            assert!(target.contains("?_limit=3&_task=A%2F1&_status=Pending&_cursor="), "{target}");
            target.to_owned()
        });
        let rows = reply.json().as_array().expect("a list").clone();
        lengths.push(rows.len());
        seen.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
        calls.take("Count up", "A/1").await;
    }
    assert_eq!((seen, lengths), (expected, vec![3, 3, 1]));
}

#[tokio::test]
async fn a_key_sees_only_what_it_may() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let id = calls.take("Count up", "1").await;
    let by = async |role: &str| get(calls.review.at("/executions")).by(&calls.review.role_key(role).await);
    calls.review.server.check(by("Own tasks").await, 200, json!([])).await;
    for role in ["Counts", "Blinkered"] {
        let rows = calls.review.send(by(role).await).await.expect(200).json();
        assert_eq!(rows[0]["id"], json!(id), "{role}");
    }
    let other =
        calls.review.send(post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }))).await.expect(201).string("id");
    calls.review.server.check(get(format!("/workflows/{other}/executions?_task=1")), 200, json!([])).await;
}
