//! Several nodes on one store in memory, under one seed: skewed clocks, crashes, pauses, broken connections, lost answers.
//!
//! First things go wrong, and nothing may be lost, doubled or out of order. Then they go well, and everything must come to its end.
//!
//! - `chance`: what the seed chooses; `time`: what the clocks say.
//! - `stage`: the workflow whose steps leave tokens. `callers`: who asks. `outside`: whom steps call. `weather`: what goes wrong.
//! - `node`, `life`: an engine that is started and killed; `wire`, `statements`: what lies between it and the store.
//! - `journal`: what happened; `oracle`: whether that may be.
//! - `broken`: engines that must not pass. `seeds`: many runs.

pub mod broken;
mod callers;
mod chance;
mod journal;
mod life;
mod node;
mod oracle;
mod outside;
mod seeds;
mod stage;
mod statements;
mod time;
mod weather;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use baton_engine::commands::tasks::{self, Expected};
use baton_engine::env::Entropy;
use baton_engine::{Ask, Credential, Engine, EngineOptions, Outcome, Surroundings};
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;
use serde_json::{Map, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::broken::Broken;
use self::callers::{Told, Town};
use self::chance::Chance;
use self::journal::Journal;
pub use self::journal::{Closed, Totals};
use self::node::Node;
use self::outside::Outside;
pub use self::seeds::{Report, Seeds, run as run_seeds, simulate};
use self::stage::{ACTIONS, GATE, Stage};
use self::time::{NodeClock, Time};
use self::wire::Ground;

/// All must have ended this long after things went wrong for the last time.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
/// And nodes that have nothing left to do stop within this.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

/// Where runs take place, one after the other.
pub struct Theatre {
    stage: Stage,
}

impl Theatre {
    pub fn open() -> Theatre {
        Theatre { stage: runtime().block_on(Stage::set()) }
    }

    /// One run. What is found is in it.
    pub fn run(&self, seed: u64, broken: Option<Broken>, traced: bool) -> Closed {
        runtime().block_on(run(&self.stage, seed, broken, traced))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("no resource is needed")
}

async fn run(stage: &Stage, seed: u64, broken: Option<Broken>, traced: bool) -> Closed {
    stage.sweep().await.expect("the store is in memory");
    let chance = Chance::new(seed, 0);
    let journal = Journal::new(Time::begin(), chance.once_in(4), traced);
    let ground = Arc::new(Ground { store: stage.store.clone(), journal, broken, storm: AtomicBool::new(true) });
    let outside = Arc::new(Outside { ground: ground.clone(), chance: Chance::new(seed, 1), heard: Mutex::default() });
    let nodes: Vec<Arc<Node>> =
        (0..chance.within(2..4) as usize).map(|number| Arc::new(Node::new(number, seed, &ground, &outside))).collect();
    let town = Arc::new(Town {
        ground: ground.clone(),
        nodes: nodes.clone(),
        workspace: stage.workspace,
        workflow: stage.workflow.clone(),
        actions: ACTIONS.iter().map(|name| (*name, stage.action(name).to_string())).collect::<BTreeMap<_, _>>(),
        tasks: make_tasks(stage, &ground, seed, chance.within(2..5)).await.expect("the tasks are valid"),
        told: Mutex::new(Told::default()),
    });

    let mut running = JoinSet::new();
    for node in &nodes {
        let node = node.clone();
        running.spawn(async move { node.run().await });
    }
    let mut callers = JoinSet::new();
    for number in 0..chance.within(6..13) {
        let (town, chance, begins) = (town.clone(), Chance::new(seed, 1000 + number), chance.millis(0..9_000));
        callers.spawn(async move {
            town.ground.journal.time.pass(begins).await;
            town.act(&chance, &format!("key {number}")).await;
        });
    }
    for (number, task) in (0u64..).zip(town.tasks.clone()) {
        let (town, chance) = (town.clone(), Chance::new(seed, 2000 + number));
        let times = chance.within(0..4);
        callers.spawn(async move { town.edit(&chance, task, times).await });
    }
    weather::storm(&ground, &nodes, &Chance::new(seed, 2)).await;
    ground.storm.store(false, Ordering::Relaxed);
    ground.journal.event("calm", || "things go well from here on".to_owned());

    if settle(&ground, &mut callers).await {
        stop(&ground, &nodes, &mut running).await;
        if let Err(error) = oracle::judge(stage, &town, &outside).await {
            ground.journal.find(format!("what is stored can't be read: {error:?}"));
        }
    }
    callers.abort_all();
    running.abort_all();
    ground.journal.close()
}

async fn make_tasks(stage: &Stage, ground: &Ground, seed: u64, count: u64) -> Outcome<Vec<baton_core::ids::Id>> {
    let clock = Arc::new(NodeClock::new(ground.journal.time));
    let node = baton_core::ids::Id::from_i64(99).expect("not negative");
    let options = EngineOptions::new("http://localhost", 1, node);
    let engine = Engine::new(stage.store.clone(), Surroundings::bare(clock, Entropy::from_seed(seed)), options);
    let ask = Ask { credential: Credential::Operator { workspace: stage.workspace }, request: None };
    let workflow = stage.workflow.clone();
    let make = move |cx: &mut baton_engine::Cx<'_>| {
        let body = Map::from_iter([(GATE.to_owned(), json!("open"))]);
        (0..count).map(|_| Ok(tasks::create_or_update(cx, &workflow, &body, &Expected::Anything)?.0.task.id)).collect()
    };
    engine.write(ask, make).await
}

/// Waits until nobody asks any more and nothing is left to be done.
async fn settle(ground: &Ground, callers: &mut JoinSet<()>) -> bool {
    let time = ground.journal.time;
    let end = time.passed() + SETTLED_WITHIN;
    while time.passed() < end && !ground.journal.has_findings() {
        while callers.try_join_next().is_some() {}
        let left = ground.store.read(|tx: &mut dyn Tx| {
            tx.query_one("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM timers)", &[], |row| row.int(0))
        });
        let left: Result<_, StoreError> = left.await;
        if callers.is_empty() && left == Ok(Some(0)) {
            return true;
        }
        time.pass(Duration::from_millis(500)).await;
    }
    if !ground.journal.has_findings() {
        ground.journal.find(format!("not all has ended {} s after things went wrong for the last time", SETTLED_WITHIN.as_secs()));
    }
    false
}

/// A node stops when its slots and calls are free: one that is never given back would keep it.
async fn stop(ground: &Ground, nodes: &[Arc<Node>], running: &mut JoinSet<()>) {
    for node in nodes {
        node.close();
    }
    let stopped = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(STOPPED_WITHIN, stopped).await.is_err() {
        ground.journal.find("a node that has nothing to do does not stop: a slot or a call is not given back".to_owned());
    }
}
