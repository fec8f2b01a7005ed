//! A task that a role hides, or that stands in another workspace, is byte for byte like one that there never was.

use baton_api::ROUTES;
use baton_engine::KeyScope;
use serde_json::{Value as Json, json};

use super::ids::Ids;
use super::policies::whole;
use super::review::{REVIEW, Review};
use super::server::{Call, Server, get, post, put};

const CY: &str = "cy@hogwarts.edu";
const QUERIES: [&str; 7] = ["", "?_wait=1", "?expand=steps", "?_explain=true", "?_dry_run=true", "?_limit=1", "?Stage=Open"];

/// Both are answered the same, but for what the caller itself has written.
async fn alike(server: &Server, key: &str, [one, other]: [Call; 2], [written, instead]: [&str; 2]) {
    let told = format!("{} {} {}", one.method, one.path, String::from_utf8_lossy(&one.body));
    let [one, other] = [server.send(one.by(key)).await, server.send(other.by(key)).await];
    let said = format!("{told}: {}", one.text());
    let (status, headers, body) = whole(one);
    let body = String::from_utf8(body.to_vec()).expect("text").replace(written, instead);
    assert_eq!(
        (status, headers, body.into_bytes()),
        {
            let (status, headers, body) = whole(other);
            (status, headers, body.to_vec())
        },
        "{said}"
    );
}

#[tokio::test]
async fn for_a_key_that_sees_its_own_tasks_there_are_none() {
    let server = Server::start().await;
    let ids = Ids::made_by(&server, &server.key).await;
    let key = server.key(KeyScope { role: Some("Own tasks".to_owned()), ..KeyScope::default() }).await.1;
    let unknown = server.engine.fresh_id().to_string();
    for route in ROUTES {
        for (part, id) in
            ids.0.iter().filter(|(part, _)| ["task", "execution", "user"].contains(*part) && route.path.contains(&format!("{{{part}}}")))
        {
            for query in QUERIES {
                let call = |id: &str| {
                    let call = ids.with(part, id).call(route);
                    Call { path: format!("{}{query}", call.path), ..call }
                };
                alike(&server, &key, [call(id), call(&unknown)], [id, &unknown]).await;
            }
        }
    }
    // By its Unique ID, and in bodies.
    let (task, action) = (&ids.0["task"], &ids.0["action"]);
    for (hidden, nobodys) in [("1", "7"), (task.as_str(), unknown.as_str())] {
        let both = [hidden, nobodys];
        for query in QUERIES {
            let path = ids.at(&format!("/executions{query}"));
            let body = |task: &str| json!({ "task_id": task, "action_id": action });
            alike(&server, &key, both.map(|task| post(path.clone(), body(task))), both).await;
            alike(&server, &key, both.map(|task| post(path.clone(), json!({ "task_ids": [task], "action_id": action }))), both).await;
        }
        alike(&server, &key, both.map(|task| get(ids.at(&format!("/tasks/{task}")))), both).await;
        alike(&server, &key, both.map(|task| get(ids.at(&format!("/executions?_task={task}")))), both).await;
        alike(&server, &key, both.map(|task| put(ids.at("/tasks"), json!({ "ID": task, "Name": "x" }))), both).await;
        alike(&server, &key, both.map(|task| put(ids.at("/tasks"), json!([{ "ID": task, "Name": "x" }]))), both).await;
    }
    // Nor are they counted or listed, nor other people.
    for path in ["/tasks", "/tasks/active", "/tasks?Stage=Open", "/executions", "/users"] {
        assert_eq!(server.send(get(ids.at(path)).by(&key)).await.expect(200).json(), json!([]), "{path}");
    }
}

/// Whoever performs is told as little, also where the key sees it.
#[tokio::test]
async fn for_a_performer_it_is_there_once_it_is_theirs() {
    let review = Review::start().await;
    review.collaborator(CY, "Own tasks").await;
    review.task(json!({ "ID": "1" })).await;
    let calls = |task: &str| {
        let body = json!({ "task_id": task, "action_id": review.action("Count up"), "performed_by": CY });
        let explained = ["", "&_explain=true"].map(|explain| get(review.at(&format!("/tasks/{task}/actions?performed_by={CY}{explain}"))));
        let bulk = json!({ "task_ids": [task], "action_id": review.action("Count up"), "performed_by": CY });
        let taken = ["?_dry_run=true", "?_explain=true", ""].map(|query| post(review.at(&format!("/executions{query}")), &body));
        [explained.to_vec(), taken.to_vec(), vec![post(review.at("/executions"), bulk)]].concat()
    };
    let key = review.server.key.clone();
    for (one, other) in calls("1").into_iter().zip(calls("7")) {
        alike(&review.server, &key, [one, other], ["\"task_id\":\"1\"", "\"task_id\":\"7\""]).await;
    }
    review.send(put(review.at("/tasks/1"), json!({ "Assigned To": CY }))).await.expect(200);
    for call in calls("1") {
        let reply = review.send(call).await;
        assert!(reply.status.is_success() && !reply.text().contains("not found"), "{}", reply.text());
    }
}

/// With every parameter, and with what another key was given.
#[tokio::test]
async fn another_workspace_is_nowhere() {
    let server = Server::start().await;
    let foreign = Ids::made_by(&server, &server.key).await;
    let key = server.new_workspace(server.engine.fresh_id(), "Beauxbatons", "olympe@beauxbatons.edu").await;
    let own = Ids::made_by(&server, &key).await;
    let unknown = server.engine.fresh_id().to_string();
    for route in ROUTES {
        for (part, id) in foreign.0.iter().filter(|(part, _)| route.path.contains(&format!("{{{part}}}"))) {
            for query in QUERIES {
                let call = |id: &str| {
                    let call = own.with(part, id).call(route);
                    Call { path: format!("{}{query}", call.path), ..call }
                };
                alike(&server, &key, [call(id), call(&unknown)], [id, &unknown]).await;
            }
        }
    }
    for parameter in ["_task", "_action"] {
        let part = if parameter == "_task" { "task" } else { "action" };
        let call = |id: &str| get(own.at(&format!("/executions?{parameter}={id}")));
        alike(&server, &key, [call(&foreign.0[part]), call(&unknown)], [&foreign.0[part], &unknown]).await;
    }
    // A quote is good for nobody else, and nobody else's answer is told again.
    let ask = json!({ "task_id": foreign.0["task"], "action_id": foreign.0["action"] });
    let shown = server.send(post(foreign.at("/executions?_dry_run=true"), ask)).await.expect(200).json();
    let quoted = post(own.at("/executions"), json!({ "quote": shown["quote"] })).by(&key);
    server.check(quoted, 409, json!({ "status": "Fail", "errors": ["The quote is not valid"] })).await;
}

/// A key that may do less is not told what another was told, whatever name it gives to its request.
#[tokio::test]
async fn an_idempotency_key_is_no_way_to_another_keys_answer() {
    let server = Server::start().await;
    let ids = Ids::of(REVIEW, &server, &server.key).await;
    let elsewhere = server.new_workspace(server.engine.fresh_id(), "Beauxbatons", "olympe@beauxbatons.edu").await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let other = server.send(other).await.expect(201).string("id").parse().expect("an id");
    let narrow = async |scope: KeyScope| server.key(scope).await.1;
    let lesser = [
        narrow(KeyScope { read_only: true, ..KeyScope::default() }).await,
        narrow(KeyScope { workflows: Some(vec![other]), ..KeyScope::default() }).await,
        narrow(KeyScope { role: Some("Reader".to_owned()), ..KeyScope::default() }).await,
        narrow(KeyScope { role: Some("Own tasks".to_owned()), ..KeyScope::default() }).await,
        elsewhere,
    ];
    let take: Json = json!({ "task_id": "1", "action_id": ids.0["action"] });
    let bulk: Json = json!({ "task_ids": ["1"], "action_id": ids.0["action"] });
    for (number, call) in [
        post(ids.at("/executions"), take),
        post(ids.at("/executions"), bulk),
        post(ids.at("/tasks"), json!({ "ID": "1", "Amount": 5 })),
        post(ids.at("/tasks/1/checklist_items"), json!({ "title": "t", "Stage": "Open" })),
    ]
    .into_iter()
    .enumerate()
    {
        let call = call.with("idempotency-key", &format!("k{number}"));
        let first = server.send(call.clone()).await;
        assert!(first.status.is_success(), "{}", first.text());
        for key in &lesser {
            let reply = server.send(call.clone().by(key)).await;
            assert_eq!(reply.header("idempotency-replayed"), None, "{}", reply.text());
            assert_ne!(reply.text(), first.text());
        }
    }
}
