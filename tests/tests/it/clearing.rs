//! Clearing away a deleted workflow, by nodes that each die at one transaction of it.

use baton_engine::Cx;
use baton_engine::commands::{activity, workflows};
use baton_store::{Options, Param, Store};
use serde_json::json;

use crate::deleting::{LEFT, document};
use crate::dying::{Fate, Line};
use crate::world::{World, places, until};

/// Wherever it stops, the next one goes on there, and nothing is told twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_after_a_death_at_each_of_its_transactions() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        // It works only when all are dead.
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let workflow = world.workflow(document("Orders", "https://a.example")).await;
        let mut tasks = Vec::new();
        for _ in 0..130 {
            tasks.push(world.task(&workflow, json!({ "Name": "x" })).await);
        }
        for task in &tasks[..3] {
            world.start(task, "Later").await;
        }
        world.delete(&tasks[2]).await;
        world.write(move |cx| workflows::delete(cx, &workflow, Some("Orders"))).await.unwrap_or_else(|failure| panic!("{failure:?}"));

        let mut deaths = Vec::new();
        while world.count(LEFT).await > 0 {
            for fate in [Fate::Lost, Fate::Kept] {
                // Asked by whoever has the workflow for itself, which the one before may not have let go yet.
                let line = Line::new(fate, "FROM executions WHERE workflow_id");
                deaths.push(fate);
                let number = i64::try_from(deaths.len()).expect("a few") + 1;
                let node = World::on(line.to(&store), number, None, Some(world.workspace));
                node.work();
                until(async || line.is_dead().then_some(())).await;
            }
        }
        // The executions, two pieces of tasks, and the end of it.
        assert_eq!(deaths.len(), 2 * 4);

        world.work();
        until(async || {
            let verified = world.read(activity::verify).await.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(verified.faults, []);
            (verified.unsealed == 0).then_some(())
        })
        .await;
        for (kind, times) in [("task.deleted", 130), ("execution.finished", 3), ("workflow.deleted", 1)] {
            let count = move |cx: &mut Cx<'_>| {
                let sql = "SELECT count(*) FROM activity WHERE kind = $1";
                Ok(cx.tx.query_one(sql, &[Param::Text(kind)], |row| row.int(0))?)
            };
            let counted = world.read(count).await.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(counted, Some(times), "{kind}");
        }
    }
}
