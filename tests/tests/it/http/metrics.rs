//! `GET /metrics`: what happened is counted, what waits is told.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;

use baton_engine::env::SystemClock;
use baton_store::{Options, Place, Store, StoreError};
use serde_json::json;

use super::calls::Calls;
use super::review::Review;
use super::server::{Call, Server, get, loopback, post};

/// Each line's value by its name and labels.
async fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let reply = server.send(get("//metrics").with("authorization", "")).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut values = BTreeMap::new();
    let (mut family, mut is_histogram) = (String::new(), false);
    for line in reply.text().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name").to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            is_histogram = kind == format!("{family} histogram");
            let kinds = if family.ends_with("_total") { "counter" } else { "gauge" };
            assert!(is_histogram || kind == format!("{family} {kinds}"), "{line}");
            // As promtool has it: a unit at the end of a name, spelled out.
            let unit = ["_total", "_seconds", "_bytes", "_info", "_waiting", "_calls", "_fds", "_works"];
            assert!(unit.iter().any(|unit| family.ends_with(unit)), "{family}");
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let bare = name.split('{').next().expect("a name");
            let parts: &[&str] = if is_histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(parts.iter().any(|part| bare == format!("{family}{part}")), "{line} in {family}");
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
        "baton_rate_limited_requests_total",
        "baton_step_duration_seconds_count{kind=\"move_to_stage\"}",
        "baton_call_duration_seconds_bucket{kind=\"http\",le=\"+Inf\"}",
        "baton_store_write_wait_seconds_count",
    ] {
        assert_eq!(values.get(name), Some(&0.0), "{name}");
    }
    assert_eq!(values.get(&format!("baton_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), Some(&1.0));
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
        ("baton_step_duration_seconds_count{kind=\"api_call\"}", 3.0),
        ("baton_step_duration_seconds_count{kind=\"email\"}", 1.0),
        ("baton_call_duration_seconds_count{kind=\"http\"}", 3.0),
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

/// Or those who watch would take it for dead while it has most to do.
#[tokio::test(flavor = "multi_thread")]
async fn with_more_callers_than_it_takes_a_node_is_ready_and_tells_what_waits() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let store = Store::open(Options { readers: 1, ..Options::new(Place::Url(database.url.clone())) }).expect("the store opens");
    let server = Server::over(store.clone(), Arc::new(SystemClock::new()), loopback(None)).await;
    let ((reads, is_reading), (go_on, until)) = (mpsc::channel(), mpsc::channel::<()>());
    let mut held = Box::pin(store.read::<_, StoreError>(move |_| {
        reads.send(()).expect("it is waited for");
        Ok(until.recv().is_ok())
    }));
    assert!(once(&mut held).await.is_pending());
    is_reading.recv().expect("the reader has it");
    let mut waiting = Vec::new();
    loop {
        let mut read = Box::pin(store.read::<_, StoreError>(|_| Ok(())));
        match once(&mut read).await {
            Poll::Pending => waiting.push(read),
            Poll::Ready(done) => break assert_eq!(done, Err(StoreError::Overloaded)),
        }
    }
    let (mut ready, mut told) = (Box::pin(server.send(get("//readyz"))), Box::pin(metrics(&server)));
    assert!(once(&mut ready).await.is_pending() && once(&mut told).await.is_pending());
    drop(go_on);
    ready.await.expect(200);
    assert_eq!(told.await["baton_jobs_waiting"], 0.0);
}

async fn once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// By its route, so that no value of a field, no id and nothing that a stranger makes up is a label.
#[tokio::test]
async fn requests_are_counted_by_their_route() {
    let review = Review::start().await;
    review.task(json!({ "ID": "canary" })).await;
    for (path, status) in [("/tasks/canary", 200), ("/tasks/canary", 200), ("/tasks/nothing", 404)] {
        review.send(get(review.at(path))).await.expect(status);
    }
    let server = &review.server;
    server.send(Call { method: "HEAD", ..get(review.at("/tasks/canary")) }).await.expect(200);
    server.send(Call { method: "BREW", ..get(review.at("/tasks/canary")) }).await.expect(405);
    server.send(get("//canary")).await.expect(404);
    let values = metrics(server).await;
    let route = "method=\"GET\",route=\"/api/v1/workflows/{workflow}/tasks/{task}\"";
    for (name, value) in [
        (format!("baton_http_requests_total{{{route},status=\"200\"}}"), 3.0),
        (format!("baton_http_requests_total{{{route},status=\"404\"}}"), 1.0),
        (format!("baton_http_request_duration_seconds_count{{{route}}}"), 4.0),
        (format!("baton_http_request_duration_seconds_bucket{{{route},le=\"+Inf\"}}"), 4.0),
        ("baton_http_requests_total{method=\"other\",route=\"none\",status=\"404\"}".to_owned(), 1.0),
        ("baton_http_requests_total{method=\"other\",route=\"none\",status=\"405\"}".to_owned(), 1.0),
    ] {
        assert_eq!(values.get(&name), Some(&value), "{name}: {values:?}");
    }
    assert!(!values.keys().any(|name| name.contains("canary") || name.contains("BREW")));
    if cfg!(target_os = "linux") {
        assert!(values["process_resident_memory_bytes"] > 1e6 && values["process_open_fds"] > 2.0);
    }
}

#[tokio::test]
async fn commits_and_what_shares_them_are_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::on(Options::new(Place::Folder(folder.path().join("data")))).await;
    let values = metrics(&server).await;
    let [waited, commits, works, read] =
        ["write_wait_seconds_count", "commit_duration_seconds_count", "commit_works_sum", "read_duration_seconds_count"]
            .map(|name| values[&format!("baton_store_{name}")]);
    assert!(waited >= 1.0 && commits >= 1.0 && works >= commits && read >= 1.0, "{values:?}");
}

#[tokio::test]
async fn who_is_about_to_end_is_not_ready() {
    let server = Server::start().await;
    server.check(get("//readyz"), 200, json!({ "status": "ok" })).await;
    server.engine.end_waits();
    let reply = server.refuses(get("//readyz"), 503, &["This node is stopping; ask another one"]).await;
    assert_eq!(reply.header("retry-after"), Some("5"));
    server.check(get("//healthz"), 200, json!({ "status": "ok" })).await;
}
