//! Who waits for an execution, while the server stops.

use std::io::{Read, Write};

use serde_json::json;

use crate::site::{Site, connect, until};

#[test]
fn a_stop_answers_who_waits() {
    let (site, made) = Site::with_workspace();
    let key = made["api_key"].as_str().expect("a key");
    let workflow = site.apply_reviews();
    // It accepts, and leaves it to others to run.
    let server = site.serve(&["--role", "web"]);
    let at = format!("/api/v1/workflows/{workflow}");
    assert_eq!(server.post(&format!("{at}/tasks"), key, &json!({ "ID": "1", "Title": "x" }).to_string()).status, 201);
    let action = server.get(&format!("{at}/tasks/1/actions"), key).json()[0]["id"].clone();

    let body = json!({ "task_id": "1", "action_id": action }).to_string();
    let mut waits = connect(&server.address);
    let head = format!(
        "POST {at}/executions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
        Prefer: wait=60\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    waits.write_all(head.as_bytes()).expect("the server reads");
    // From then on it waits, or is about to.
    until(|| server.get(&format!("{at}/executions"), key).json()[0]["status"] == "Pending");
    let id = server.get(&format!("{at}/executions"), key).json()[0]["id"].clone();
    assert_eq!(server.stop(), Some(0));
    let mut answer = String::new();
    waits.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(answer.ends_with(&json!({ "id": id, "status": "Pending" }).to_string()), "{answer}");
}
