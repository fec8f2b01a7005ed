//! `GET /metrics`: what happened is counted, what waits is told.

use std::collections::BTreeMap;

use baton_store::{Options, Place};
use serde_json::json;

use super::calls::Calls;
use super::server::{Server, get, post};

/// Each line's value by its name and labels.
async fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let reply = server.send(get("//metrics").with("authorization", "")).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut values = BTreeMap::new();
    let mut family = String::new();
    for line in reply.text().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name").to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let kinds = if family.ends_with("_total") { "counter" } else { "gauge" };
            assert_eq!(kind, format!("{family} {kinds}"));
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            assert!(name == family || name.starts_with(&format!("{family}{{")), "{line} in {family}");
            assert_eq!(values.insert(name.to_owned(), value.parse().expect("a number")), None, "{name}");
        }
    }
    values
}

async fn of(server: &Server, name: &str) -> f64 {
    metrics(server).await[name]
}

async fn until(server: &Server, name: &str, value: f64) {
    let wait = async {
        while of(server, name).await != value {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect(name);
}

async fn tamper(server: &Server, sql: &'static str) {
    server.engine.write(server.operator(), move |cx| Ok(cx.tx.execute(sql, &[])?)).await.expect("changed");
}

#[tokio::test]
async fn all_are_there_from_the_start() {
    let server = Server::start().await;
    let values = metrics(&server).await;
    let finished = |status: &str| format!("baton_executions_finished_total{{status=\"{status}\"}}");
    for name in [
        finished("Success").as_str(),
        finished("Fail").as_str(),
        "baton_executions_stopped_total",
        "baton_calls_total{kind=\"http\",outcome=\"success\"}",
        "baton_calls_total{kind=\"email\",outcome=\"not_now\"}",
        "baton_outbound_refusals_total",
        "baton_late_writes_refused_total",
        "baton_lease_takeovers_total",
        "baton_open_calls",
        "baton_jobs_waiting",
        "baton_jobs_oldest_seconds",
    ] {
        assert_eq!(values.get(name), Some(&0.0), "{name}");
    }
    assert!(server.send(post("//metrics", "{}")).await.status == 405);
}

#[tokio::test]
async fn what_ends_and_what_is_sent_is_counted_once() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    calls.review.task(json!({ "ID": "2", "Name": "Bob" })).await;
    let good = calls.take("Order", "1").await;
    let request = calls.receiver.next().await;
    let behind = calls.take("Count up", "1").await;
    let server = &calls.review.server;
    assert_eq!((of(server, "baton_open_calls").await, of(server, "baton_jobs_waiting").await), (1.0, 1.0));
    // It waits for its turn, and could not run at once.
    assert_eq!(of(server, "baton_jobs_oldest_seconds").await, 0.0);
    let cancelled = calls.take("Count up", "1").await;
    calls.review.send(post(calls.at(&cancelled, "/cancel"), "{}")).await.expect(200);
    request.answer(200, r#"{"ticket":"T"}"#).await;
    for id in [&good, &behind] {
        calls.review.finished(id).await;
    }
    let bad = calls.take("Order", "2").await;
    calls.receiver.next().await.answer(404, "no").await;
    calls.review.finished(&bad).await;
    for action in ["Reach inside", "Mail"] {
        let id = calls.take(action, "2").await;
        calls.review.finished(&id).await;
    }
    let server = &calls.review.server;
    until(server, "baton_executions_finished_total{status=\"Fail\"}", 4.0).await;
    for (name, value) in [
        ("baton_executions_finished_total{status=\"Success\"}", 2.0),
        ("baton_calls_total{kind=\"http\",outcome=\"success\"}", 1.0),
        ("baton_calls_total{kind=\"http\",outcome=\"answered\"}", 1.0),
        ("baton_calls_total{kind=\"http\",outcome=\"not_allowed\"}", 1.0),
        ("baton_outbound_refusals_total", 1.0),
        ("baton_executions_stopped_total", 0.0),
        ("baton_late_writes_refused_total", 0.0),
    ] {
        assert_eq!(of(server, name).await, value, "{name}");
    }
    until(server, "baton_open_calls", 0.0).await;
    until(server, "baton_jobs_waiting", 0.0).await;
}

#[tokio::test]
async fn what_nobody_runs_waits() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1" })).await;
    calls.take("Count up", "1").await;
    calls.take("Count up", "1").await;
    let server = &calls.review.server;
    assert_eq!(of(server, "baton_jobs_waiting").await, 2.0);
    // As if it had been accepted in 2020.
    tamper(server, "UPDATE jobs SET id = 1 WHERE ready = 1").await;
    assert!(of(server, "baton_jobs_oldest_seconds").await > 1e8);
}

#[tokio::test]
async fn an_execution_that_is_given_up_is_counted() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let id = calls.take("Count up", "1").await;
    tamper(&calls.review.server, "UPDATE jobs SET starts = 3").await;
    calls.review.server.work();
    assert_eq!(calls.review.finished(&id).await["errors"], json!(["Stopped after 3 interrupted attempts at step 1"]));
    until(&calls.review.server, "baton_executions_stopped_total", 1.0).await;
    assert_eq!(of(&calls.review.server, "baton_executions_finished_total{status=\"Fail\"}").await, 1.0);
}

#[tokio::test]
async fn a_late_result_and_an_ended_lease_are_counted() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    let request = calls.receiver.next().await;
    // Another node has claimed it meanwhile, and died.
    tamper(&calls.review.server, "INSERT INTO nodes (id, boot, lease_until) VALUES (9, 1, 1)").await;
    tamper(&calls.review.server, "UPDATE jobs SET node_id = 9, boot = 1, epoch = epoch + 1").await;
    request.answer(200, r#"{"ticket":"late"}"#).await;
    until(&calls.review.server, "baton_late_writes_refused_total", 1.0).await;
    until(&calls.review.server, "baton_lease_takeovers_total", 1.0).await;
    let again = calls.receiver.next().await;
    again.answer(200, r#"{"ticket":"T"}"#).await;
    assert_eq!(calls.review.finished(&id).await, json!({ "status": "Success" }));
    assert_eq!(calls.review.shown("1", &["Ticket"]).await, json!(["T"]));
    assert_eq!(calls.of_steps(&id, "attempts").await, json!([1, 2, 0, 1]));
}

/// What is counted here is told also when the store has gone.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_store_a_node_tells_what_it_has_counted() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let server = Server::on(Options::new(Place::Url(database.url.clone()))).await;
    assert_eq!(of(&server, "baton_jobs_waiting").await, 0.0);
    database.allow_connections(false);
    database.kill_sessions();
    let values = metrics(&server).await;
    assert_eq!((values.get("baton_jobs_waiting"), values.get("baton_lease_takeovers_total")), (None, Some(&0.0)));
}
