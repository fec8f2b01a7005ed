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
    let answered: Vec<Json> = lines_of(&log, "answered");
    assert!(answered.iter().all(|line| line["span"]["request"].is_string()), "{answered:?}");
    let of_tasks = |line: &&Json| line["span"]["route"] == "/api/v1/workflows/{workflow}/tasks";
    let known: Vec<(&Json, bool)> =
        answered.iter().filter(of_tasks).map(|line| (&line["span"]["status"], line["span"]["workspace"] == made["workspace_id"])).collect();
    assert_eq!(known, [(&json!(201), true), (&json!(422), true), (&json!(200), true), (&json!(401), false)]);
    for secret in ["canary", key, &made_key] {
        assert!(!log.contains(secret), "{secret} is in the log: {}", log.lines().find(|line| line.contains(secret)).unwrap_or_default());
    }
}

fn lines_of(log: &str, message: &str) -> Vec<Json> {
    let lines = log.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    lines.filter(|line| line["message"] == message).collect()
}

/// The host of a call may be the value of a field.
#[test]
fn a_call_that_fails_is_logged_with_its_execution_and_without_its_host() {
    let (site, made) = Site::with_workspace();
    let key = made["api_key"].as_str().expect("a key");
    site.write(
        "calls.yaml",
        "
name: Calls
fields: [{ name: ID, type: uniqueId }, { name: Host, type: text }]
stages: [{ name: Open }]
actions:
  - { name: Call, from: [Open], steps: [{ do: api_call, url: 'http://{{Host}}.invalid/' }] }
",
    );
    let workflow = site.ok(&["apply", "calls.yaml"]);
    let server = site.serve(&["--log-level", "debug", "--log-format", "json"]);
    let at = format!("/api/v1/workflows/{workflow}");
    assert_eq!(server.post(&format!("{at}/tasks"), key, r#"{"ID":"1","Host":"canary"}"#).status, 201);
    let action = server.get(&format!("{at}/tasks/1/actions"), key).json()[0]["id"].clone();
    let taken = server.post(&format!("{at}/executions"), key, &json!({ "task_id": "1", "action_id": action }).to_string());
    let execution = taken.json()["id"].as_str().expect("an id").to_owned();
    let seen = || server.get(&format!("{at}/executions/{execution}"), key).json();
    until(|| seen()["status"] == "Fail");
    assert_eq!(seen()["errors"], json!(["API call to canary.invalid could not connect"]));
    let log = site.log();
    let failed = lines_of(&log, "a call has failed");
    assert!(!failed.is_empty(), "{log}");
    for line in &failed {
        assert!(
            line["spans"]
                .as_array()
                .expect("spans")
                .iter()
                .any(|span| { span["name"] == "execution" && span["execution"] == execution && span["workspace"] == made["workspace_id"] })
        );
    }
    assert!(!log.contains("canary"), "{log}");
}
