//! The rules where PostgreSQL could differ: twins, races, history that is sealed later, a database that goes away.

use baton_store::{Options, Place};
use serde_json::{Value as Json, json};

use super::calls::Calls;
use super::review::{Review, failed};
use super::server::{Server, delete, get, post, put};
use super::{batch, bulk, cancel, idempotency, queue, retry, wait};
use crate::postgres::Database;

async fn review(database: &Database) -> Review {
    Review::on(Server::on(Options::new(Place::Url(database.url.clone()))).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_simultaneous_approvals_one_succeeds() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.server.work();
    queue::two_hundred_approvals(review).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_twins_get_one_answer() {
    let Some(database) = Database::fresh() else { return };
    idempotency::twins(review(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_are_accepted_or_refused_one_by_one() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.server.work();
    bulk::of_a_thousand_every_fifth_is_refused(review).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_twins_of_a_bulk_share_what_was_accepted() {
    let Some(database) = Database::fresh() else { return };
    bulk::twins(review(&database).await).await;
}

/// Each meets the tasks in another order, and so they want what the other has.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_bulks_and_batches_on_the_same_tasks_all_come_to_an_end() {
    let Some(database) = Database::fresh() else { return };
    bulk::in_other_orders(review(&database).await).await;
    let Some(database) = Database::fresh() else { return };
    batch::in_other_orders(review(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_is_all_or_nothing() {
    let Some(database) = Database::fresh() else { return };
    batch::in_order(review(&database).await).await;
    let Some(database) = Database::fresh() else { return };
    batch::all_or_nothing(review(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_is_told_how_it_ended() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.server.work();
    wait::ends_while_waiting(&review).await;
}

/// Nothing is run where it is accepted: the other node is seen by what it stores.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_is_told_of_what_another_node_has_run() {
    let Some(database) = Database::fresh() else { return };
    let here = review(&database).await;
    let there = Server::on(Options::new(Place::Url(database.url.clone()))).await;
    there.work();
    wait::ends_while_waiting(&here).await;
}

async fn calls(database: &Database) -> Calls {
    let calls = Calls::on(Server::on(Options::new(Place::Url(database.url.clone()))).await).await;
    calls.review.server.work();
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_cancelled_at_once() {
    let Some(database) = Database::fresh() else { return };
    cancel::while_it_waits_for_its_turn(calls(&database).await).await;
    let Some(database) = Database::fresh() else { return };
    cancel::while_it_waits_to_repeat(calls(&database).await).await;
}

/// The cancelling commits after the run has looked whether it is cancelled, and before it is saved that it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_cancelled_as_it_begins_to_wait_does_not_wait() {
    let Some(database) = Database::fresh() else { return };
    let mut calls = calls(&database).await;
    calls.review.task(json!({ "ID": "1" })).await;
    let id = calls.take("Insist", "1").await;
    let request = calls.receiver.next().await;

    let (go_on, gate) = std::sync::mpsc::channel::<()>();
    let (has_task, held) = std::sync::mpsc::channel();
    let (engine, ask, workflow) = (calls.review.server.engine.clone(), calls.review.server.operator(), calls.review.workflow.clone());
    let holding = tokio::runtime::Handle::current().spawn(async move {
        let hold = move |cx: &mut baton_engine::Cx<'_>| {
            cx.task(&workflow, "1", true)?;
            has_task.send(()).expect("the test waits");
            gate.recv().expect("the test lets it go on");
            Ok(())
        };
        engine.write(ask, hold).await
    });
    tokio::task::spawn_blocking(move || held.recv().expect("the task is held")).await.expect("no panic");
    request.answer(503, "no").await;
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted
        AND (database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR locktype = 'transactionid')";
    let run_waits = async {
        let server = &calls.review.server;
        while server.engine.read(server.operator(), move |cx| Ok(cx.tx.query_one(waits, &[], |row| row.int(0))?)).await == Ok(Some(0)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), run_waits).await.expect("the run waits for the task");
    calls.review.server.check(cancel::cancel(&calls, &id), 200, json!({ "id": id, "status": "Pending" })).await;
    go_on.send(()).expect("it waits");
    holding.await.expect("no panic").expect("nothing was changed");
    assert_eq!(calls.review.finished(&id).await, failed(&[cancel::CANCELLED]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_execution_goes_on_where_it_failed() {
    let Some(database) = Database::fresh() else { return };
    retry::from_the_failed_step(calls(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_simultaneous_retries_one_is_made() {
    let Some(database) = Database::fresh() else { return };
    retry::many_at_once(calls(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_unique_id_is_one_task_also_for_simultaneous_callers() {
    let Some(database) = Database::fresh() else { return };
    let review = std::sync::Arc::new(review(&database).await);
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..20 {
        let review = review.clone();
        asked.spawn(async move { review.send(post(review.at("/tasks"), json!({ "ID": "1", "Count": number }))).await.status.as_u16() });
    }
    let mut statuses = asked.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 19].as_slice(), &[201]].concat());
    assert_eq!(review.send(get(review.at("/tasks"))).await.json().as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_made_listed_changed_and_followed() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.server.work();
    for number in 1..=3 {
        review.task(json!({ "ID": number, "Name": format!("n{number}"), "Amount": number, "Tags": ["one"] })).await;
    }
    let ids = |list: Json| list.as_array().unwrap().iter().map(|task| task["ID"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    for (query, found) in [
        ("", &["1", "2", "3"][..]),
        ("?Amount=2.00", &["2"]),
        ("?Name=n1&Name=n3", &["1", "3"]),
        ("?Tags=one&Stage=Open&ID=3", &["3"]),
        ("?Plan=", &["1", "2", "3"]),
    ] {
        let listed = review.send(get(review.at(&format!("/tasks{query}")))).await.expect(200).json();
        assert_eq!(ids(listed), found, "{query}");
    }
    review.send(put(review.at("/tasks/2"), json!({ "Stage": "Done" })).with("if-match", "\"1\"")).await.expect(200);
    review.send(put(review.at("/tasks/2"), "{}").with("if-match", "\"1\"")).await.expect(412);
    assert_eq!(ids(review.send(get(review.at("/tasks/active"))).await.json()), ["1", "3"]);
    assert_eq!(review.taken("Take", "3", Some("albus@hogwarts.edu")).await, json!({ "status": "Success" }));

    // Rows of a task show at once; their place in the workspace's history comes within a second.
    let path = review.at("/tasks/3/activity");
    let sealed = async {
        loop {
            let rows = review.send(get(path.clone())).await.expect(200).json();
            assert_eq!(rows.as_array().map(Vec::len), Some(4));
            if rows.as_array().unwrap().iter().all(|row| row["sequence"].is_i64()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), sealed).await.expect("the history is sealed");
}

/// PostgreSQL's texts hold no NUL; no caller's text may find that out.
#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_refused_before_the_store_meets_it() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.task(json!({ "ID": "1" })).await;
    let reject = review.action("Reject");
    for (call, status) in [
        (get(review.at("/tasks/%00")), 404),
        (get(review.at("/tasks/1%00/actions")), 404),
        (get(review.at("/tasks?Name=%00")), 422),
        (get(review.at("/tasks?ID=%00")), 422),
        (get(review.at("/tasks?%00=x")), 422),
        (get(review.at("/tasks?Stage=%00")), 422),
        (get(review.at("/users/%00")), 404),
        (get(review.at("/executions/%00")), 404),
        (delete("/secrets/%00"), 404),
        (put("/secrets/%00", json!({ "value": "x" })), 422),
        (get("/workflows/%00/tasks"), 404),
        (put(review.at("/tasks/1"), json!({ "Name": "\0" })), 422),
        (put(review.at("/tasks/1"), json!({ "ID": "\0" })), 422),
        (put(review.at("/tasks/1"), json!({ "\0": 1 })), 422),
        (post(review.at("/tasks/1/comments"), json!({ "body": "\0" })), 422),
        (post(review.at("/tasks/1/checklist_items"), json!({ "title": "\0", "Stage": "Open" })), 422),
        (post(review.at("/users"), json!({ "email": "a@example.com", "first_name": "\0" })), 422),
        (post(review.at("/users"), json!({ "email": "\"\0\"@example.com" })), 422),
        (post(review.at("/executions"), json!({ "task_id": "\0", "action_id": reject })), 422),
        (post(review.at("/executions"), json!({ "task_id": "1", "action_id": reject, "performed_by": "\0" })), 422),
        (post("/workflows", json!({ "name": "\0", "stages": [{ "name": "Open" }] })), 422),
    ] {
        let (method, path) = (call.method, call.path.clone());
        let reply = review.send(call).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_told_and_found_again() {
    let Some(database) = Database::fresh() else { return };
    let review = review(&database).await;
    review.task(json!({ "ID": "1" })).await;
    database.allow_connections(false);
    database.kill_sessions();
    let told = json!({ "errors": ["The store can't be reached; nothing has happened, try again later"] });
    let lost = review.server.check(get(review.at("/tasks/1")), 503, told.clone()).await;
    assert!(lost.header("retry-after").is_some());
    review.server.check(post(review.at("/tasks"), json!({ "ID": "2" })), 503, told.clone()).await;
    review.server.check(get("//readyz"), 503, told).await;
    review.send(get("//healthz")).await.expect(200);

    database.allow_connections(true);
    let found = async { while review.send(post(review.at("/tasks"), json!({ "ID": "3" }))).await.status == 503 {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), found).await.expect("the store is found again");
    let listed = review.send(get(review.at("/tasks"))).await.expect(200).json();
    let ids: Vec<&Json> = listed.as_array().unwrap().iter().map(|task| &task["ID"]).collect();
    assert_eq!(ids, ["1", "3"], "what was told not to have happened did not");
}
