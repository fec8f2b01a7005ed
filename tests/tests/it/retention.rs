//! Taking away executions that ended long ago, by nodes that each die at one transaction of it.

use std::time::Duration;

use baton_core::refusal::{Noun, Refusal};
use baton_engine::Failure;
use baton_engine::commands::{activity, executions};
use baton_engine::env::Clock;
use baton_store::sql::idempotency::{self, Stored};
use baton_store::{Options, Store, StoreError, Tx};
use serde_json::json;

use crate::dying::{Fate, Line};
use crate::world::{World, places, until};

const DAYS: i64 = 24 * 3600;
const KEPT: Option<Duration> = Some(Duration::from_secs(90 * 24 * 3600));

/// Wherever it stops, the next one goes on there; the history stays as it was, and what is gone is unknown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_executions_go_after_a_death_at_each_transaction() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        world.work();
        // With nothing scheduled, which nodes of a later time would do.
        let action = json!({ "name": "Note", "from": ["Open"], "steps": [{ "do": "add_comment", "text": "x" }] });
        let workflow = world.workflow(json!({ "name": "Orders", "stages": [{ "name": "Open" }], "actions": [action] })).await;
        let task = world.task(&workflow, json!({})).await;
        let mut last = world.start(&task, "Note").await;
        for _ in 1..250 {
            last = world.start(&task, "Note").await;
        }
        world.finished(&last).await;
        let history = "SELECT count(*) FROM activity";
        let told = world.count(history).await;

        let node = |number, store: Store, days: i64| {
            let node = World::keeping(store, number, None, Some(world.workspace), KEPT);
            node.clock.put(days * DAYS);
            node.work();
            node
        };
        let mut deaths = 0;
        while world.count("SELECT count(*) FROM executions").await > 0 {
            for fate in [Fate::Lost, Fate::Kept] {
                deaths += 1;
                let line = Line::new(fate, "retry_of IS NULL AND finished_at");
                node(1 + deaths, line.to(&store), 91);
                until(async || line.is_dead().then_some(())).await;
            }
        }
        // A hundred at once.
        assert_eq!(deaths, 2 * 3);
        assert_eq!((world.count("SELECT count(*) FROM calls").await, world.count(history).await), (0, told));
        until(async || {
            let verified = world.read(activity::verify).await.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(verified.faults, []);
            (verified.unsealed == 0).then_some(())
        })
        .await;
        let (of, id) = (workflow.clone(), last.id.to_string());
        let gone = world.read(move |cx| executions::get(cx, &of, &id)).await;
        assert_eq!(gone, Err(Failure::from(Refusal::not_found(Noun::Execution))));
        let (of, id) = (workflow.clone(), last.id.to_string());
        let gone = world.write(move |cx| executions::retry(cx, &of, &id)).await;
        assert_eq!(gone, Err(Failure::from(Refusal::not_found(Noun::Execution))));

        // The task goes on, and what is young stays.
        let young = world.start(&task, "Note").await;
        world.finished(&young).await;
        let line = Line::new(Fate::Kept, "retry_of IS NULL AND finished_at");
        node(20, line.to(&store), 89);
        until(async || line.is_dead().then_some(())).await;
        assert_eq!(world.count("SELECT count(*) FROM executions").await, 1);
    }
}

/// So that no purge holds up the others for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_answers_under_a_key_go_a_few_at_a_time() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        let (workspace, now) = (world.workspace, world.clock.now());
        let fill = move |tx: &mut dyn Tx| {
            let kept = Stored { body_hash: vec![1; 32], status: 202, headers: "[]".to_owned(), body: b"{}".to_vec() };
            (0..500_u16).try_for_each(|number| {
                let mut scope = [0; 32];
                scope[..2].copy_from_slice(&number.to_be_bytes());
                idempotency::insert(tx, workspace, &scope, &kept, now)
            })
        };
        store.write::<_, StoreError>(fill).await.expect("they are kept");
        for left in [300, 100, 0] {
            let line = Line::new(Fate::Kept, "DELETE FROM idempotency");
            let node = World::keeping(line.to(&store), 2 + left, None, Some(world.workspace), KEPT);
            node.clock.put(3 * DAYS);
            node.work();
            until(async || line.is_dead().then_some(())).await;
            assert_eq!(world.count("SELECT count(*) FROM idempotency").await, left);
        }
    }
}
