//! Many executions in one request, whose server is killed on the way.

use std::io::{Read, Write};

use serde_json::{Value as Json, json};

use crate::site::{Server, Site, connect, request};

/// Sends, and does not mind whether an answer comes.
fn post(server: &Server, path: &str, key: &str, body: &str) -> String {
    let mut stream = connect(&server.address);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
        Idempotency-Key: k\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    answer
}

/// Ids of all executions, page by page.
fn executions(server: &Server, workflow: &str, key: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let cursor = found.last().map(|last| format!("&_cursor={last}")).unwrap_or_default();
        let page = request(&server.address, "GET", &format!("/api/v1/workflows/{workflow}/executions?_limit=200{cursor}"), key, "").json();
        let page: Vec<String> = page.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

#[test]
fn one_that_was_killed_on_the_way_is_asked_again_and_doubles_nothing() {
    let (site, made) = Site::with_workspace();
    let key = made["api_key"].as_str().expect("a key");
    let workflow = site.apply_reviews();
    let server = site.serve(&[]);
    let tasks: Json = (1..=1000).map(|number| json!({ "ID": number.to_string(), "Title": "x" })).collect();
    let saved = server.post(&format!("/api/v1/workflows/{workflow}/tasks"), key, &tasks.to_string());
    assert_eq!(saved.status, 201, "{}", saved.body);
    let actions = server.get(&format!("/api/v1/workflows/{workflow}/tasks/1/actions"), key).json();
    assert_eq!(server.stop(), Some(0));

    let numbers: Vec<String> = (1..=1000).map(|number| number.to_string()).collect();
    let body = json!({ "task_ids": numbers, "action_id": actions[0]["id"] }).to_string();
    let path = format!("/api/v1/workflows/{workflow}/executions");
    // The fifth part is saved, and nobody is told.
    let mut dies = site.command(&["serve", "--listen", "127.0.0.1:0"]);
    dies.env("BATON_FAIL_POINT", "write.committed:5");
    let dying = site.serve_by(dies);
    assert_eq!(post(&dying, &path, key, &body), "");
    drop(dying);

    let server = site.serve(&[]);
    assert_eq!(executions(&server, &workflow, key).len(), 500);
    let answer = post(&server, &path, key, &body);
    let (head, told) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
    let told: Json = serde_json::from_str(told).expect("JSON");
    let mut ids: Vec<String> = told.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
    ids.sort_unstable();
    let mut stored = executions(&server, &workflow, key);
    stored.sort_unstable();
    assert_eq!((ids.len(), &stored), (1000, &ids));
    for id in [&ids[0], &ids[999]] {
        let ended = server.get(&format!("{path}/{id}?_wait=60"), key).json();
        assert_eq!(ended, json!({ "id": id, "status": "Success" }));
    }
}
