//! Clearing away a deleted workflow, by nodes that each die at one transaction of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_engine::Cx;
use baton_engine::commands::{activity, workflows};
use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Dialect, Options, Param, Row, Store, StoreError, Tx};
use serde_json::json;

use crate::deleting::{LEFT, document};
use crate::world::{World, places, until};

/// What becomes of the transaction that a node dies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
}

/// Between a node and its store, until the node has cleared away one piece.
struct Line {
    fate: Fate,
    is_dead: AtomicBool,
}

impl Line {
    fn new(fate: Fate) -> Arc<Line> {
        Arc::new(Line { fate, is_dead: AtomicBool::new(false) })
    }
}

struct Wire(Arc<Line>);

impl Link for Wire {
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
        Box::pin(async move {
            if self.0.is_dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            Ok(Arc::new(Crossed { line: self.0.clone(), access, clears: AtomicBool::new(false) }) as Arc<dyn Passage>)
        })
    }
}

fn dead() -> StoreError {
    StoreError::Unavailable("the node is dead".to_owned())
}

struct Crossed {
    line: Arc<Line>,
    access: Access,
    /// Whether it takes a deleted workflow up.
    clears: AtomicBool,
}

impl Passage for Crossed {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Seen { tx, passage: self })
    }

    fn commits(&self) -> bool {
        !self.clears.load(Ordering::SeqCst) || self.line.fate == Fate::Kept
    }

    fn close(&self) -> Crossing<'_, ()> {
        Box::pin(async {
            if !self.clears.load(Ordering::SeqCst) {
                return Ok(());
            }
            self.line.is_dead.store(true, Ordering::SeqCst);
            Err(dead())
        })
    }
}

struct Seen<'a> {
    tx: &'a mut dyn Tx,
    passage: &'a Crossed,
}

impl Tx for Seen<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.passage.access == Access::Write && sql.contains("FROM deleted_workflows") {
            self.passage.clears.store(true, Ordering::SeqCst);
        }
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}

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
                let line = Line::new(fate);
                deaths.push(fate);
                let number = i64::try_from(deaths.len()).expect("a few") + 1;
                let node = World::on(store.over(Arc::new(Wire(line.clone()))), number, None, Some(world.workspace));
                node.work();
                until(async || line.is_dead.load(Ordering::SeqCst).then_some(())).await;
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
