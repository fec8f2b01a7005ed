//! Who waits for executions to end.
//!
//! Whoever ends one on this node tells them once that is durable. For those that other nodes run, one of all who wait looks, for all of
//! them. Both are hints: what an execution has come to is read where it is stored.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use baton_core::ids::Id;
use baton_store::sql::executions;
use baton_store::{Dialect, Tx};
use parking_lot::Mutex;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tracing::warn;

use crate::cx::Outcome;
use crate::engine::Engine;

/// How often it is looked for what has ended. Where nodes share a store, one may run what another has accepted.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LOOK_SHARED_EVERY: Duration = Duration::from_millis(100);
/// Executions looked for at once; of more, each has its turn.
const LOOK_MAX: usize = 512;

pub(crate) struct Waiters {
    on: Mutex<BTreeMap<Id, On>>,
    /// Held by the one who looks for all; the last that was looked for.
    looking: tokio::sync::Mutex<Id>,
    /// Nobody is let wait any more.
    closed: watch::Sender<bool>,
}

/// An execution that somebody waits for.
#[derive(Default)]
struct On {
    callers: usize,
    ended: Arc<Notify>,
}

impl Waiters {
    pub fn new() -> Waiters {
        Waiters { on: Mutex::default(), looking: tokio::sync::Mutex::new(Id::new(0, 0)), closed: watch::Sender::new(false) }
    }

    /// Tells whoever waits for one of these.
    pub fn ended(&self, executions: &[Id]) {
        let on = self.on.lock();
        if !on.is_empty() {
            executions.iter().filter_map(|execution| on.get(execution)).for_each(|on| on.ended.notify_waiters());
        }
    }

    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    fn join(self: &Arc<Waiters>, execution: Id) -> Waiter {
        let mut waiting = self.on.lock();
        let on = waiting.entry(execution).or_default();
        on.callers += 1;
        Waiter { waiters: self.clone(), execution, ended: on.ended.clone() }
    }

    /// Those that are looked for next, behind `last` and from the beginning again.
    fn next(&self, last: Id) -> Vec<Id> {
        let on = self.on.lock();
        let behind = on.range((Excluded(last), Unbounded));
        behind.chain(on.range(..=last)).map(|(execution, _)| *execution).take(LOOK_MAX).collect()
    }
}

/// One caller who waits.
struct Waiter {
    waiters: Arc<Waiters>,
    execution: Id,
    ended: Arc<Notify>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Entry::Occupied(mut on) = self.waiters.on.lock().entry(self.execution) {
            on.get_mut().callers -= 1;
            if on.get().callers == 0 {
                on.remove();
            }
        }
    }
}

impl Engine {
    /// Looks at an execution until it has ended, or for so long at most; answers with what was seen last.
    pub async fn wait<T, L>(&self, execution: Id, longest: Duration, look: impl Fn() -> L, has_ended: impl Fn(&T) -> bool) -> Outcome<T>
    where
        L: Future<Output = Outcome<T>>,
    {
        let waiter = self.shared.waiters.join(execution);
        let ends = async {
            loop {
                // From before the look on, so that an end between the two is not missed.
                let told = waiter.ended.notified();
                let found = look().await?;
                if has_ended(&found) || !self.goes_on(told).await {
                    return Ok(found);
                }
            }
        };
        match tokio::time::timeout(longest, ends).await {
            Ok(found) => found,
            Err(_) => look().await,
        }
    }

    /// Waits until somebody is told to look again. `false`: this node lets nobody wait any more.
    async fn goes_on(&self, told: Notified<'_>) -> bool {
        let mut closed = self.shared.waiters.closed.subscribe();
        let closed = async { drop(closed.wait_for(|closed| *closed).await) };
        tokio::select! {
            biased;
            () = told => true,
            () = closed => false,
            never = self.look_for_all() => match never {},
        }
    }

    /// Those who wait take turns at it: when the one who looks leaves, the next does.
    async fn look_for_all(&self) -> Infallible {
        let mut last = self.shared.waiters.looking.lock().await;
        let every = match self.shared.store.dialect() {
            Dialect::Sqlite => LOOK_EVERY,
            Dialect::Postgres => LOOK_SHARED_EVERY,
        };
        loop {
            tokio::time::sleep(every).await;
            let executions = self.shared.waiters.next(*last);
            *last = executions.last().copied().unwrap_or(*last);
            match self.shared.store.read_own(move |tx: &mut dyn Tx| executions::ended_among(tx, &executions)).await {
                Ok(ended) => self.shared.waiters.ended(&ended),
                Err(error) => warn!(%error, "executions that are waited for could not be looked at"),
            }
        }
    }

    /// Everybody who waits goes on with what is known, and so does whoever would wait from now on: the node stops.
    pub fn end_waits(&self) {
        self.shared.waiters.closed.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use baton_store::link::{Access, Crossing, Link, Passage};
    use baton_store::{Options, Place, Store};
    use serde_json::{Map, json};
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    use super::*;
    use crate::commands::executions::{self as commands, Start};
    use crate::commands::tasks::{self, Expected};
    use crate::commands::{definitions, workspaces};
    use crate::cx::Cx;
    use crate::env::{Entropy, SystemClock};
    use crate::{Ask, Credential, EngineOptions, Surroundings};

    /// Counts what is read.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    struct Through;

    impl Link for Counting {
        fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
            self.0.fetch_add(usize::from(access == Access::Read), Ordering::SeqCst);
            Box::pin(async { Ok(Arc::new(Through) as Arc<dyn Passage>) })
        }
    }

    impl Passage for Through {
        fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
            Box::new(Same(tx))
        }

        fn commits(&self) -> bool {
            true
        }

        fn close(&self) -> Crossing<'_, ()> {
            Box::pin(async { Ok(()) })
        }
    }

    struct Same<'a>(&'a mut dyn Tx);

    impl Tx for Same<'_> {
        fn execute(&mut self, sql: &'static str, params: &[baton_store::Param<'_>]) -> Result<u64, baton_store::StoreError> {
            self.0.execute(sql, params)
        }

        fn rows(
            &mut self,
            sql: &str,
            params: &[baton_store::Param<'_>],
            each: &mut dyn FnMut(&dyn baton_store::Row) -> Result<(), baton_store::StoreError>,
        ) -> Result<(), baton_store::StoreError> {
            self.0.rows(sql, params, each)
        }

        fn dialect(&self) -> Dialect {
            self.0.dialect()
        }
    }

    fn id(raw: i64) -> Id {
        Id::from_i64(raw).unwrap()
    }

    fn engine(store: Store, node: i64) -> Engine {
        let options = EngineOptions::new("", 1, id(node));
        Engine::new(store, Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_seed(node.unsigned_abs())), options)
    }

    fn memory() -> Store {
        Store::open(Options::new(Place::Memory)).unwrap()
    }

    const LONGEST: Duration = Duration::from_secs(10);

    /// Waits for what never ends.
    fn wait(engine: &Engine, execution: i64) -> impl Future<Output = Outcome<bool>> + Send + use<> {
        let engine = engine.clone();
        async move { engine.wait(id(execution), LONGEST, || async { Ok(false) }, |ended| *ended).await }
    }

    #[tokio::test(start_paused = true)]
    async fn of_thousands_who_wait_one_looks_for_all() {
        let link = Arc::new(Counting::default());
        let engine = engine(memory().over(link.clone()), 1);
        let mut waits: JoinSet<Outcome<bool>> = (1..=5_000).map(|execution| wait(&engine, execution)).collect();
        while let Some(ended) = waits.join_next().await {
            assert_eq!(ended.unwrap(), Ok(false));
        }
        let looks = link.0.load(Ordering::SeqCst);
        assert!((18..=20).contains(&looks), "twice a second: {looks}");
        assert!(engine.shared.waiters.on.lock().is_empty());
    }

    async fn let_looks_pass() {
        for _ in 0..3 {
            tokio::task::yield_now().await;
            tokio::time::advance(LOOK_EVERY).await;
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_waits_no_more_and_another_looks() {
        let link = Arc::new(Counting::default());
        let engine = engine(memory().over(link.clone()), 1);
        let mut first = JoinSet::new();
        first.spawn(wait(&engine, 1));
        first.spawn(wait(&engine, 1));
        let_looks_pass().await;
        let mut second = JoinSet::new();
        second.spawn(wait(&engine, 2));
        tokio::task::yield_now().await;
        assert_eq!(engine.shared.waiters.on.lock().values().map(|on| on.callers).collect::<Vec<_>>(), [2, 1]);
        first.shutdown().await;
        assert_eq!(engine.shared.waiters.on.lock().keys().copied().collect::<Vec<_>>(), [id(2)]);
        let looks = link.0.load(Ordering::SeqCst);
        let_looks_pass().await;
        assert!(link.0.load(Ordering::SeqCst) > looks, "somebody looks");
    }

    #[test]
    fn of_many_each_is_looked_for_in_turn() {
        let waiters = Arc::new(Waiters::new());
        let _waiting: Vec<Waiter> = (1..=1_200).map(|execution| waiters.join(id(execution))).collect();
        let mut last = id(1_100);
        let mut seen = Vec::new();
        for _ in 0..3 {
            let next = waiters.next(last);
            assert_eq!(next.len(), LOOK_MAX);
            last = *next.last().unwrap();
            seen.extend(next);
        }
        assert_eq!((seen[0], seen[99], seen[100]), (id(1_101), id(1_200), id(1)));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1_200);
    }

    /// Of two nodes on one store only the other runs anything, so nobody tells this one.
    #[tokio::test(start_paused = true)]
    async fn what_another_node_ends_is_found() {
        let store = memory();
        let (here, there) = (engine(store.clone(), 1), engine(store, 2));
        let ask = Ask { credential: Credential::Operator { workspace: here.fresh_id() }, request: None };
        let new = workspaces::NewWorkspace {
            name: "Hogwarts".to_owned(),
            admin_email: "a@hogwarts.edu".to_owned(),
            admin_password: None,
            time_zone: "UTC".to_owned(),
        };
        here.write(ask.clone(), move |cx| workspaces::create(cx, &new)).await.unwrap();
        let document = json!({ "name": "W", "stages": [{ "name": "Open" }], "actions": [{ "name": "Go", "from": ["Open"] }] });
        let accept = move |cx: &mut Cx<'_>| {
            let workflow = definitions::create(cx, &document)?.workflow.to_string();
            let (made, _) = tasks::create_or_update(cx, &workflow, &Map::new(), &Expected::Anything)?;
            let action = cx.workflow(&workflow)?.workflow.actions[0].id.to_string();
            let start = Start { task: Some(made.task.id.to_string()), action: Some(action), ..Start::default() };
            commands::start(cx, &workflow, &start)
        };
        let execution = here.write(ask.clone(), accept).await.unwrap();
        let (workflow, id) = (execution.workflow.to_string(), execution.id.to_string());
        let look = || {
            let (workflow, id) = (workflow.clone(), id.clone());
            here.read(ask.clone(), move |cx| commands::get(cx, &workflow, &id))
        };
        let begun = Instant::now();
        let stop = Arc::new(Notify::new());
        let waits = async {
            let ended = here.wait(execution.id, LONGEST, look, |found| found.status.finished_at().is_some()).await;
            stop.notify_one();
            ended
        };
        let (ended, worked) = tokio::join!(waits, there.work(stop.clone()));
        worked.unwrap();
        assert!(ended.unwrap().status.finished_at().is_some());
        assert!(begun.elapsed() <= LOOK_EVERY * 3, "not only when the time is up");
    }
}
