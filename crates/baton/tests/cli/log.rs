use serde_json::{Value as Json, json};

use crate::site::{Site, until};

#[test]
fn the_log_is_json_and_tells_no_secret_key_or_value() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let server = site.serve(&["--log-level", "trace", "--log-format", "json"]);
    let key = made["api_key"].as_str().expect("a key");
    let tasks = format!("/api/v1/workflows/{workflow}/tasks");

    let created = server.post(&tasks, key, &json!({ "ID": "canary-id", "Title": "canary-title" }).to_string());
    assert_eq!(created.status, 201);
    assert_eq!(server.post(&tasks, key, "{\"Title\":\"canary-title\",\"canary-field\":1}").status, 422);
    assert_eq!(server.get(&format!("{tasks}?Title=canary-title"), key).status, 200);
    assert_eq!(server.get(&tasks, "bat_canarykey").status, 401);
    let actions = server.get(&format!("{tasks}/canary-id/actions"), key).json();
    let body = json!({ "task_id": "canary-id", "action_id": actions[0]["id"] }).to_string();
    let executions = format!("/api/v1/workflows/{workflow}/executions");
    let execution = server.post(&executions, key, &body).json()["id"].as_str().expect("an id").to_owned();
    until(|| server.get(&format!("{executions}/{execution}"), key).json()["status"] != "Pending");
    site.ok(&["init", "--workspace", "Other", "--admin-email", "canary@example.com", "--admin-password", "canary-password"]);
    let made_key = site.ok(&["api-key", "create", "--workspace", "Acme", "--name", "Key"]);
    assert_eq!(server.stop(), Some(0));

    let log = site.log();
    for line in log.lines() {
        let line: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(log.contains("\"answered\""), "nothing was logged: {log}");
    for secret in ["canary", key, &made_key] {
        assert!(!log.contains(secret), "{secret} is in the log: {}", log.lines().find(|line| line.contains(secret)).unwrap_or_default());
    }
}
