use serde_json::json;

use crate::site::{Server, Site, request, until};

/// An execution of the one action of the one task.
fn accepted(server: &Server, workflow: &str, key: &str) -> String {
    let at = format!("/api/v1/workflows/{workflow}");
    assert_eq!(server.post(&format!("{at}/tasks"), key, &json!({ "ID": "1", "Title": "x" }).to_string()).status, 201);
    let action = server.get(&format!("{at}/tasks/1/actions"), key).json()[0]["id"].clone();
    let taken = server.post(&format!("{at}/executions"), key, &json!({ "task_id": "1", "action_id": action }).to_string());
    assert_eq!(taken.status, 202, "{}", taken.body);
    format!("{at}/executions/{}", taken.json()["id"].as_str().expect("an id"))
}

#[test]
fn a_web_node_accepts_and_runs_nothing_and_a_worker_runs_and_serves_no_api() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let key = made["api_key"].as_str().expect("a key");

    let web = site.serve(&["--role", "web"]);
    let execution = accepted(&web, &workflow, key);
    assert_eq!(web.get(&execution, key).json()["status"], "Pending");
    assert!(site.log().contains("the other roles can't share a database in a data folder"), "{}", site.log());
    assert_eq!(site.run(&["ready", "--url", &format!("http://{}", web.address)]).code, 0);
    let gone = web.address.clone();
    assert_eq!(web.stop(), Some(0));
    assert!(site.refused(&["ready", "--url", &format!("http://{gone}")]).starts_with("error: not ready: "));
    // It had taken no lease, so that it could not have claimed anything.
    assert!(!site.log().contains("worker started"), "{}", site.log());

    let worker = site.serve(&["--role", "worker"]);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), (execution.as_str(), 404), ("/api/v1/workspace", 404)] {
        assert_eq!(request(&worker.address, "GET", path, key, "").status, status, "{path}");
    }
    // The admin socket is there, too.
    assert!(site.ok(&["user", "list"]).contains("ada@example.com"));
    let database = rusqlite::Connection::open(site.data().join("baton.db")).expect("it is there");
    let ended = || {
        let sql = "SELECT count(*) FROM executions WHERE status = 'Success'";
        database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("there are executions") == 1
    };
    until(ended);
    assert_eq!(worker.stop(), Some(0));

    let all = site.serve(&["--role", "all"]);
    assert_eq!(all.get(&execution, key).json()["status"], "Success");
}
