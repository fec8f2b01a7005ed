//! What holds for every endpoint: keys, bodies, types, sizes, parameters, paths, ids of requests.

use baton_engine::KeyScope;
use baton_engine::commands::api_keys::{self, NewKey};
use serde_json::json;

use super::review::{Review, failed};
use super::server::{Call, Server, delete, get, post, put};

#[tokio::test]
async fn who_calls_must_be_known() {
    let server = Server::start().await;
    let (id, revoked) = server.key(KeyScope::default()).await;
    server.engine.write(server.operator(), move |cx| api_keys::revoke(cx, &id.to_string())).await.unwrap();
    let unknown = Server::start().await.key.clone();
    let new = NewKey { name: "Old".to_owned(), scope: KeyScope::default(), expires_at: Some(server.engine.now()), created_by: None };
    let expired = server.engine.write(server.operator(), move |cx| api_keys::create(cx, &new)).await.unwrap().secret;
    let malformed =
        "API key is malformed: the header must read `Authorization: Bearer <key>`, with a whole key, from bat_ to its last character";
    for (authorization, told) in [
        (String::new(), "API key is missing: send the header `Authorization: Bearer <key>`"),
        ("Bearer".to_owned(), malformed),
        ("Bearer YOUR_API_KEY".to_owned(), malformed),
        (format!("Basic {}", server.key), malformed),
        (server.key.clone(), malformed),
        (format!("Bearer {}x", server.key), malformed),
        (format!("Bearer {unknown}"), "API key is unknown"),
        (format!("Bearer {revoked}"), "API key has been revoked"),
        (format!("Bearer {expired}"), "API key has expired"),
    ] {
        let reply = server.refuses(get("/workspace").with("authorization", &authorization), 401, &[told]).await;
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{authorization}");
    }
    let lower_case = get("/workspace").with("authorization", &format!("bearer {}", server.key));
    server.send(lower_case).await.expect(200);
}

#[tokio::test]
async fn a_stranger_learns_nothing_but_that() {
    let review = Review::start().await;
    for call in [
        get(review.at("/tasks?_unknown=1")),
        get(review.at("/tasks?Nothing=1")),
        get("/workspace?x=1"),
        post(review.at("/tasks"), "{"),
        post(review.at("/tasks"), "[1]"),
        post(review.at("/tasks"), "{}").with("content-type", "text/plain"),
        post(review.at("/executions"), "{}").with("idempotency-key", "é"),
        put(review.at("/tasks/1"), "{}").with("if-match", "3"),
        post(review.at("/executions"), json!({ "task_id": [] })),
    ] {
        for key in ["", "Bearer nonsense", "Bearer bat_0000000000000000000000000000000000000"] {
            let reply = review.send(call.clone().with("authorization", key)).await;
            assert_eq!(reply.status, 401, "{} {}: {}", call.method, call.path, reply.text());
        }
        let told = review.send(call.clone()).await;
        assert!((400..=422).contains(&told.status.as_u16()) && told.status != 401, "{} {}: {}", call.method, call.path, told.text());
    }
}

#[tokio::test]
async fn bodies_are_read_strictly_but_for_a_trailing_comma() {
    let review = Review::start().await;
    for (body, place) in [
        ("", "expected a value, but the text ends at line 1 column 1"),
        ("{\n  \"Name\": \"x\",\n  \"ID\" 2\n}", "expected `:` after the key at line 3 column 8"),
        ("{\"Name\":1,\"Name\":2}", "key \"Name\" is given twice at line 1 column 11"),
        ("{\"Name\":\"x\"} y", "expected nothing after the value at line 1 column 14"),
    ] {
        for path in ["/tasks", "/executions"] {
            let told = format!("body is not valid JSON: {place}");
            review.server.refuses(post(review.at(path), body), 400, &[&told]).await;
        }
    }
    let not_text = Call { body: b"{\"Name\":\"\xff\"}".as_slice().into(), ..post(review.at("/tasks"), "") };
    review.server.refuses(not_text, 400, &["body is not valid JSON: text must be UTF-8 at line 1 column 10"]).await;
    for body in ["[1]", "1", "null", "\"x\""] {
        review.server.refuses(post(review.at("/tasks"), body), 422, &["body must be a JSON object or an array of objects"]).await;
        review.server.refuses(put(review.at("/tasks/1"), body), 422, &["body must be a JSON object"]).await;
        review.server.check(post(review.at("/executions"), body), 422, failed(&["body must be a JSON object"])).await;
    }
    review.send(post(review.at("/tasks"), "{\"Name\":\"x\",\"Tags\":[\"one\",],}")).await.expect(201);
}

#[tokio::test]
async fn the_type_of_a_body_must_be_said() {
    let review = Review::start().await;
    for (given, told) in [
        ("", "Content-Type is missing; it must be application/json"),
        ("application/x-www-form-urlencoded", "Content-Type must be application/json, not application/x-www-form-urlencoded"),
        ("application/yaml", "Content-Type must be application/json, not application/yaml"),
    ] {
        review.server.refuses(post(review.at("/tasks"), "{}").with("content-type", given), 415, &[told]).await;
    }
    let told = "Content-Type must be application/json or application/yaml, not text/plain";
    review.server.refuses(post("/workflows", "{}").with("content-type", "text/plain"), 415, &[told]).await;
    for given in ["application/json; charset=utf-8", "Application/JSON"] {
        review.send(post(review.at("/tasks"), "{}").with("content-type", given)).await.expect(201);
    }
}

#[tokio::test]
async fn a_body_may_be_10_mib_and_no_more() {
    let review = Review::start().await;
    let of_length = |length: usize| post(review.at("/tasks"), format!("{{\"Name\":\"x\"}}{}", " ".repeat(length - 12)));
    review.send(of_length(10 * 1024 * 1024)).await.expect(201);
    let told = ["body is larger than 10485760 bytes"];
    review.server.refuses(of_length(10 * 1024 * 1024 + 1), 413, &told).await;
    let announced = post(review.at("/tasks"), "{}").with("content-length", "10485761").with("expect", "100-continue");
    review.server.refuses(announced, 413, &told).await;
}

#[tokio::test]
async fn unknown_parameters_are_never_ignored() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (call, told) in [
        (get("/workspace?x"), "x is not a parameter"),
        (get("/workflows?_archive=true"), "_archive is not a parameter"),
        (get("/workflows?_archived=1"), "_archived is \"1\"; allowed is true or false"),
        (get("/workflows?_archived=true&_archived=true"), "_archived is \"true\"; allowed is one value"),
        (get(review.at("/tasks?_page=5")), "_page is not a parameter"),
        (get(review.at("/tasks/1?_at=now")), "_at is not a parameter"),
        (get(review.at("/tasks/1/actions?_explain=1")), "_explain is \"1\"; allowed is true or false"),
        (get(review.at("/tasks/1/actions?performed_by=")), "performed_by is \"\"; allowed is the e-mail of a user"),
        (get(review.at("/tasks/1/activity?_limit=0")), "_limit is \"0\"; allowed is a whole number from 1 to 200"),
        (get(review.at("/tasks/1/activity?_cursor=x")), "_cursor is \"x\"; allowed is a cursor from a Link header"),
        (get(review.at("/tasks/1/checklist_items?_x=1")), "_x is not a parameter"),
        (get(review.at("/executions/1?_expand=steps")), "_expand is not a parameter"),
        (get(review.at("/executions?_sort=id")), "_sort is not a parameter"),
        (post(review.at("/executions/1/retry?force=true"), "{}"), "force is not a parameter"),
        (get("/workspace?%ff=1"), "query is \"%ff\"; allowed is percent-encoded UTF-8"),
        (post(review.at("/executions?_dryrun=true"), "{}"), "_dryrun is not a parameter"),
        (post(review.at("/executions?_dry_run=1"), "{}"), "_dry_run is \"1\"; allowed is true or false"),
        (post(review.at("/executions?_dry_run=true&_explain=true"), "{}"), "_dry_run is \"true\"; allowed is false with _explain=true"),
        (delete(review.at("/tasks/1?force=true")), "force is not a parameter"),
    ] {
        review.server.refuses(call, 422, &[told]).await;
    }
}

/// As `docs/compatibility.md` says.
#[tokio::test]
async fn what_is_not_there_yet_does_not_seem_to_work() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let task = |rest: &str| review.at(&format!("/tasks/1{rest}"));
    for (call, status, told) in [
        (get(task("/comments?expand=id")), 422, "expand is not a parameter"),
        (post(task("/comments"), json!({ "body": "x", "performed_by": "x" })), 422, "performed_by is not a parameter"),
        (put(task("/comments/zz"), "{}"), 404, "Page not found"),
        (delete(task("/comments/zz")), 404, "Page not found"),
        (get("/files/zz"), 404, "Page not found"),
        (get(review.at("/events")), 404, "Page not found"),
        (get("/webhooks"), 404, "Page not found"),
        (post("/hooks/zz", "{}"), 404, "Page not found"),
        (post(review.at("/data_syncs"), "{}"), 404, "Page not found"),
        (post(review.at("/analytics/exports"), "{}"), 404, "Page not found"),
        (get(review.at("/activity")), 404, "Page not found"),
        (post("//mcp", "{}"), 404, "Page not found"),
    ] {
        let (method, path) = (call.method, call.path.clone());
        let reply = review.send(call).await;
        assert!(reply.status == status && reply.text().contains(told), "{method} {path}: {} {}", reply.status, reply.text());
    }
    let waited = review.take("Count up", "1", None).with("prefer", "wait=10");
    assert_eq!(review.send(waited).await.expect(202).string("status"), "Pending");
}

#[tokio::test]
async fn what_is_unknown_in_the_path_is_not_found() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (call, what) in [
        (get("/nothing"), "Page"),
        (get("//"), "Page"),
        (get("//api/v2/workspace"), "Page"),
        (get(review.at("/tasks/")), "Page"),
        (get(review.at("/tasks/%ff")), "Page"),
        (get("/workflows/zzz/tasks"), "Workflow"),
        (get("/workflows/not-an-id/fields"), "Workflow"),
        (get(review.at("/tasks/2")), "Task"),
        (get(review.at("/tasks/2/actions")), "Task"),
        (put(review.at("/tasks/2"), "{}"), "Task"),
        (delete(review.at("/tasks/2")), "Task"),
        (get(review.at("/tasks/2/comments")), "Task"),
        (get(review.at("/tasks/2/activity")), "Task"),
        (get(review.at("/tasks/1/checklist_items/zz")), "Checklist item"),
        (get(review.at("/executions/zz")), "Execution"),
        (get("/workflows/zz/executions/zz"), "Workflow"),
        (post("/workflows/zz/executions", "{}"), "Workflow"),
        (get(review.at("/users/zz")), "User"),
        (get(review.at("/definition?_revision=9")), "Revision"),
    ] {
        review.server.refuses(call, 404, &[&format!("{what} not found")]).await;
    }
}

#[tokio::test]
async fn another_workspaces_workflow_is_unknown() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let other = review.server.engine.fresh_id();
    let key = review.server.new_workspace(other, "Beauxbatons", "olympe@beauxbatons.edu").await;
    for path in ["/tasks", "/tasks/1", "/tasks/1/actions", "/fields", "/users", "/definition", "/executions/zz"] {
        review.server.refuses(get(review.at(path)).by(&key), 404, &["Workflow not found"]).await;
    }
    review.server.check(get("/workflows").by(&key), 200, json!([])).await;
}

#[tokio::test]
async fn a_method_that_does_not_fit_names_those_that_do() {
    let review = Review::start().await;
    for (method, path, allowed) in [
        ("PATCH", "/tasks/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("POST", "/tasks/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("PUT", "/tasks/active", "GET, HEAD, OPTIONS"),
        ("PUT", "/executions", "GET, POST, HEAD, OPTIONS"),
        ("GET", "/executions/1/cancel", "POST, OPTIONS"),
        ("DELETE", "/fields", "GET, HEAD, OPTIONS"),
    ] {
        let told = format!("{method} is not allowed here; allowed is {allowed}");
        let reply = review.server.refuses(Call { method, ..get(review.at(path)) }, 405, &[&told]).await;
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        let reply = review.send(Call { method: "OPTIONS", ..get(review.at(path)) }).await.expect(204);
        assert_eq!((reply.header("allow"), reply.text()), (Some(allowed), ""), "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (path, status) in [("/tasks/1", 200), ("/tasks", 200), ("/tasks/2", 404)] {
        let got = review.send(get(review.at(path))).await;
        let head = review.send(Call { method: "HEAD", ..get(review.at(path)) }).await.expect(status);
        assert_eq!((head.text(), head.header("content-type"), head.header("etag")), ("", Some("application/json"), got.header("etag")));
    }
}

#[tokio::test]
async fn every_answer_carries_the_id_of_its_request() {
    let review = Review::start().await;
    let paths = ["/workspace", "//healthz", "//nothing", "/workflows/zz/tasks", "/workspace?x=1"];
    for path in paths {
        for (sent, kept) in
            [("abc-123_/.:~", true), ("with space", false), ("é", false), (&"x".repeat(128), true), (&"x".repeat(129), false)]
        {
            let reply = review.send(get(path).with("x-request-id", sent)).await;
            let id = reply.header("x-request-id").expect(path);
            assert_eq!(id == sent, kept, "{path} {sent}");
            assert!(!id.is_empty());
        }
        let stranger = review.send(get(path).with("authorization", "")).await;
        let another = review.send(get(path).with("authorization", "")).await;
        assert_ne!(stranger.header("x-request-id").expect(path), another.header("x-request-id").expect(path));
    }
}

#[tokio::test]
async fn the_server_says_whether_it_is_well() {
    let server = Server::start().await;
    for path in ["//healthz", "//readyz"] {
        server.check(get(path).with("authorization", ""), 200, json!({ "status": "ok" })).await;
    }
}

#[tokio::test]
async fn a_unique_id_may_be_any_text_in_the_path() {
    let review = Review::start().await;
    for (unique_id, path) in [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("100%", "100%25"),
        ("é🌊", "%C3%A9%F0%9F%8C%8A"),
        ("?x=1&y#z", "%3Fx=1&y%23z"),
        ("+", "+"),
        ("...", "..."),
        ("actions", "actions"),
        // Looked up as it is stored: composed, and without space around it.
        ("caf\u{e9}", "%20cafe%CC%81%20"),
    ] {
        review.task(json!({ "ID": unique_id })).await;
        let found = review.send(get(review.at(&format!("/tasks/{path}")))).await.expect(200);
        assert_eq!(found.json()["ID"], unique_id, "{path}");
        review.send(get(review.at(&format!("/tasks/{path}/actions")))).await.expect(200);
    }
}

#[tokio::test]
async fn tasks_active_is_always_the_list() {
    let review = Review::start().await;
    let made = review.task(json!({ "ID": "active" })).await.json();
    for path in ["/tasks/active", "/tasks/%61ctive"] {
        review.server.check(get(review.at(path)), 200, json!([made])).await;
    }
    review.send(get(review.at("/tasks/active/actions"))).await.expect(200);
    let public_id = made["Task URL"].as_str().unwrap().rsplit('/').next().unwrap();
    review.send(get(review.at(&format!("/tasks/{public_id}")))).await.expect(200);
}
