//! What each workspace has waiting for a worker, and who may add to it.
//!
//! Accepting costs less than running, so under overload a node would accept ever more and run ever less. From so many on that wait, or
//! are about to be accepted, an execution is accepted when another has been claimed; those that ask stand in a short line, and past that
//! are refused at once. Of each workspace on its own: one that floods does not close the door to another.
//!
//! What waits for an open call is no burden on the workers, and may be much; but it is bounded too. A workspace with that many accepts
//! nothing more here until some have gone out.
//!
//! The numbers are hints, kept in memory. Who reaches the limit has them counted anew, for other nodes claim too.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use baton_core::ids::Id;
use baton_core::limits::WAITING_CALLS_MAX;
use baton_store::sql::jobs::{self, Takes};
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::engine::{Ask, Engine};

/// Executions of one workspace that wait for a worker or are being accepted.
const WAITING_MAX: usize = 512;
/// Callers of one workspace in line, and how long they stand there.
const LINE_MAX: usize = 256;
const LINE_WAIT: Duration = Duration::from_secs(1);
const COUNT_EVERY: Duration = Duration::from_millis(100);
/// Of keys whose workspace is remembered; past it they are learned anew.
const KEYS_MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Backlog {
    of: Mutex<HashMap<Id, Waiting>>,
    /// Whose key it was, by a hash of it: only to know in which line to stand before the store is asked.
    keys: Mutex<HashMap<u64, Id>>,
}

#[derive(Default)]
struct Waiting {
    jobs: usize,
    /// That wait for an open call.
    calls: usize,
    calls_counted_at: Option<Duration>,
    /// Let in, and not answered yet.
    let_in: usize,
    in_line: usize,
    counted_at: Option<Duration>,
    freed: Arc<Notify>,
}

impl Backlog {
    pub fn add(&self, workspace: Id) {
        self.of.lock().entry(workspace).or_default().jobs += 1;
    }

    pub fn add_call(&self, workspace: Id) {
        self.of.lock().entry(workspace).or_default().calls += 1;
    }

    /// Whether a workspace has as many calls waiting as it may, and whether the caller should count them, since nobody has of late.
    fn too_many_calls(&self, workspace: Id, now: Duration) -> (bool, bool) {
        let mut of = self.of.lock();
        let Some(waiting) = of.get_mut(&workspace).filter(|waiting| waiting.calls >= WAITING_CALLS_MAX) else { return (false, false) };
        let stale = waiting.calls_counted_at.is_none_or(|counted_at| now.saturating_sub(counted_at) >= COUNT_EVERY);
        if stale {
            waiting.calls_counted_at = Some(now);
        }
        (true, stale)
    }

    fn calls_counted(&self, workspace: Id, calls: usize) {
        if let Some(waiting) = self.of.lock().get_mut(&workspace) {
            waiting.calls = calls;
        }
    }

    pub fn claimed(&self, workspace: Id) {
        let mut of = self.of.lock();
        let Some(waiting) = of.get_mut(&workspace) else { return };
        waiting.jobs = waiting.jobs.saturating_sub(1);
        if waiting.in_line > 0 {
            waiting.freed.notify_one();
        } else if waiting.jobs + waiting.calls + waiting.let_in == 0 {
            of.remove(&workspace);
        }
    }

    pub fn call_claimed(&self, workspace: Id) {
        if let Some(waiting) = self.of.lock().get_mut(&workspace) {
            waiting.calls = waiting.calls.saturating_sub(1);
        }
    }

    /// Somebody has looked, and nothing waits: what was left here has been claimed elsewhere.
    pub fn found_empty(&self) {
        self.of.lock().retain(|_, waiting| {
            waiting.jobs = 0;
            (0..waiting.in_line).for_each(|_| waiting.freed.notify_one());
            waiting.let_in + waiting.in_line + waiting.calls > 0
        });
    }

    pub fn is_any_of(&self, workspace: Id) -> bool {
        self.of.lock().get(&workspace).is_some_and(|waiting| waiting.jobs > 0)
    }

    /// Whether a worker that has ended its own should look for another.
    pub fn is_any(&self) -> bool {
        self.of.lock().values().any(|waiting| waiting.jobs > 0)
    }

    /// Whose workspace it is that asks, once the store has told.
    pub fn learn(&self, ask: &Ask, workspace: Id) {
        let Some(key) = key_of(ask) else { return };
        let mut keys = self.keys.lock();
        if keys.len() >= KEYS_MAX && !keys.contains_key(&key) {
            keys.clear();
        }
        keys.insert(key, workspace);
    }

    fn known(&self, ask: &Ask) -> Option<Id> {
        self.keys.lock().get(&key_of(ask)?).copied()
    }

    /// Lets in where there is room. Several that come together are let in together: who waited for room for all of them would see
    /// others take each place that is freed.
    fn enter(self: &Arc<Backlog>, workspace: Id, count: usize) -> Option<Admitted> {
        let mut of = self.of.lock();
        let waiting = of.entry(workspace).or_default();
        if waiting.jobs + waiting.let_in >= WAITING_MAX {
            return None;
        }
        waiting.let_in += count;
        Some(Admitted { backlog: self.clone(), workspace, count })
    }

    fn line_is_full(&self, workspace: Id) -> bool {
        self.of.lock().get(&workspace).is_some_and(|waiting| waiting.in_line >= LINE_MAX)
    }

    /// A place in line; `None` where it is full.
    fn line_up(self: &Arc<Backlog>, workspace: Id) -> Option<InLine> {
        let mut of = self.of.lock();
        let waiting = of.entry(workspace).or_default();
        if waiting.in_line >= LINE_MAX {
            return None;
        }
        waiting.in_line += 1;
        Some(InLine { backlog: self.clone(), workspace, freed: waiting.freed.clone() })
    }

    /// Whether the caller should count, since nobody has of late.
    fn should_count(&self, workspace: Id, now: Duration) -> bool {
        let mut of = self.of.lock();
        let Some(waiting) = of.get_mut(&workspace) else { return false };
        let stale = waiting.counted_at.is_none_or(|counted_at| now.saturating_sub(counted_at) >= COUNT_EVERY);
        if stale {
            waiting.counted_at = Some(now);
        }
        stale
    }

    fn counted(&self, workspace: Id, jobs: usize) {
        if let Some(waiting) = self.of.lock().get_mut(&workspace) {
            waiting.jobs = jobs;
            let room = WAITING_MAX.saturating_sub(jobs + waiting.let_in);
            (0..room.min(waiting.in_line)).for_each(|_| waiting.freed.notify_one());
        }
    }
}

fn key_of(ask: &Ask) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    ask.credential.header()?.hash(&mut hasher);
    Some(hasher.finish())
}

struct InLine {
    backlog: Arc<Backlog>,
    workspace: Id,
    freed: Arc<Notify>,
}

/// Who was let in; what they add to the backlog is counted from then on by itself.
pub struct Admitted {
    backlog: Arc<Backlog>,
    workspace: Id,
    count: usize,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut of = self.backlog.of.lock();
        let Some(waiting) = of.get_mut(&self.workspace) else { return };
        waiting.let_in -= self.count;
        if waiting.in_line > 0 {
            (0..self.count.min(waiting.in_line)).for_each(|_| waiting.freed.notify_one());
        } else if waiting.jobs + waiting.calls + waiting.let_in == 0 {
            of.remove(&self.workspace);
        }
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        if let Some(waiting) = self.backlog.of.lock().get_mut(&self.workspace) {
            waiting.in_line -= 1;
        }
    }
}

impl Engine {
    /// Turns away who would find even the line full, before anything is done for them: under overload that is most of all callers.
    pub fn turn_away(&self, ask: &Ask) -> Result<(), StoreError> {
        let full = self.shared.backlog.known(ask).is_some_and(|workspace| self.shared.backlog.line_is_full(workspace));
        if full { Err(StoreError::Overloaded) } else { Ok(()) }
    }

    /// Before an execution is asked for: waits for its turn while this node has more than enough to run, or refuses at once. A node that
    /// runs nothing accepts for those that do. What comes back is held until the execution is accepted.
    pub async fn admit(&self, ask: &Ask) -> Result<Option<Admitted>, StoreError> {
        self.admit_many(ask, 1).await
    }

    /// The same for several that are accepted together.
    pub async fn admit_many(&self, ask: &Ask, count: usize) -> Result<Option<Admitted>, StoreError> {
        let (worker, clock) = (&self.shared.worker, &self.shared.clock);
        let backlog = &self.shared.backlog;
        let Some(workspace) = backlog.known(ask) else { return Ok(None) };
        if worker.claim_at(clock.monotonic()).is_none() {
            return Ok(None);
        }
        let (mut too_many, stale) = backlog.too_many_calls(workspace, clock.monotonic());
        if stale {
            let now = self.now();
            let count = move |tx: &mut dyn Tx| jobs::count_claimable(tx, workspace, Takes::Call, now, WAITING_CALLS_MAX);
            let calls = self.shared.store.read(count).await?;
            backlog.calls_counted(workspace, calls);
            too_many = calls >= WAITING_CALLS_MAX;
        }
        if too_many {
            return Err(StoreError::Overloaded);
        }
        if let Some(admitted) = backlog.enter(workspace, count) {
            return Ok(Some(admitted));
        }
        let place = backlog.line_up(workspace).ok_or(StoreError::Overloaded)?;
        let turn = async {
            loop {
                if let Some(admitted) = backlog.enter(workspace, count) {
                    return Ok(Some(admitted));
                }
                if backlog.should_count(workspace, clock.monotonic()) {
                    let now = self.now();
                    let count = move |tx: &mut dyn Tx| jobs::count_claimable(tx, workspace, Takes::Worker, now, WAITING_MAX);
                    backlog.counted(workspace, self.shared.store.read(count).await?);
                    continue;
                }
                drop(tokio::time::timeout(COUNT_EVERY, place.freed.notified()).await);
            }
        };
        tokio::time::timeout(LINE_WAIT, turn).await.unwrap_or(Err(StoreError::Overloaded))
    }
}

#[cfg(test)]
mod tests {
    use baton_store::{Options, Place, Store};

    use super::*;
    use crate::env::{Entropy, SystemClock};
    use crate::{Credential, EngineOptions, Surroundings};

    fn workspace(raw: i64) -> Id {
        Id::from_i64(raw).unwrap()
    }

    #[test]
    fn a_workspace_is_full_on_its_own_and_opens_with_each_claim() {
        let backlog = Arc::new(Backlog::default());
        (0..WAITING_MAX).for_each(|_| backlog.add(workspace(1)));
        backlog.add(workspace(2));
        let opens = |of: i64| backlog.enter(workspace(of), 1).is_some();
        assert_eq!([opens(1), opens(2), opens(3)], [false, true, true]);
        backlog.claimed(workspace(1));
        assert!(opens(1) && backlog.is_any());
        backlog.counted(workspace(1), WAITING_MAX);
        assert!(!opens(1));
        backlog.counted(workspace(1), 0);
        let inside: Vec<Admitted> = std::iter::from_fn(|| backlog.enter(workspace(1), 1)).collect();
        assert_eq!(inside.len(), WAITING_MAX, "who is being let in counts");
        drop(inside);
        backlog.claimed(workspace(2));
        assert!(!backlog.is_any());
        backlog.add(workspace(1));
        backlog.found_empty();
        assert!(!backlog.is_any() && backlog.of.lock().is_empty());
    }

    #[test]
    fn who_comes_with_many_takes_as_many_places() {
        let backlog = Arc::new(Backlog::default());
        let mut inside: Vec<Admitted> = std::iter::from_fn(|| backlog.enter(workspace(1), 100)).collect();
        assert_eq!((inside.len(), backlog.of.lock()[&workspace(1)].let_in), (6, 600), "the last of them finds room, and takes more");
        assert!(backlog.enter(workspace(1), 1).is_none());
        inside.pop();
        assert!(backlog.enter(workspace(1), 1).is_some());
        let _line: Vec<InLine> = std::iter::from_fn(|| backlog.line_up(workspace(1))).take(3).collect();
        drop(inside);
        let waiting = &backlog.of.lock()[&workspace(1)];
        assert_eq!((waiting.let_in, waiting.in_line), (0, 3));
    }

    /// A node that holds its lease and runs nothing, on a store where so many jobs of the workspace wait.
    async fn idle_node(jobs: i64) -> (Engine, Ask) {
        let store = Store::open(Options::new(Place::Memory)).unwrap();
        let options = EngineOptions::new("", 1, workspace(7));
        let surroundings = Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_seed(1));
        let engine = Engine::new(store, surroundings, options);
        engine.take_lease().await.unwrap();
        let insert = move |tx: &mut dyn Tx| {
            for number in 0..jobs {
                let (id, task) = (workspace(100 + number), workspace(10_000 + number));
                let job = jobs::Job {
                    id,
                    workspace: workspace(1),
                    task,
                    sequence: 1,
                    ready: true,
                    claim: None,
                    starts: 0,
                    due_at: None,
                    takes: Takes::Worker,
                };
                jobs::insert(tx, &job)?;
            }
            Ok::<_, StoreError>(())
        };
        engine.shared.store.write(insert).await.unwrap();
        let ask = Ask { credential: Credential::Header(Some("Bearer a".to_owned())), request: None };
        engine.shared.backlog.learn(&ask, workspace(1));
        (0..WAITING_MAX).for_each(|_| engine.shared.backlog.add(workspace(1)));
        (engine, ask)
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_it_full_waits_for_a_claim_and_not_for_ever() {
        let (engine, ask) = idle_node(600).await;
        let begun = tokio::time::Instant::now();
        assert!(matches!(engine.admit(&ask).await, Err(StoreError::Overloaded)));
        assert_eq!(begun.elapsed(), LINE_WAIT);
        let (admitted, ()) = tokio::join!(engine.admit(&ask), async { engine.shared.backlog.claimed(workspace(1)) });
        assert!(matches!(admitted, Ok(Some(_))));
        assert_eq!(begun.elapsed(), LINE_WAIT, "nobody waited");
    }

    #[tokio::test(start_paused = true)]
    async fn past_the_line_the_answer_comes_at_once() {
        let (engine, ask) = idle_node(600).await;
        let line: Vec<InLine> = std::iter::from_fn(|| engine.shared.backlog.line_up(workspace(1))).collect();
        let begun = tokio::time::Instant::now();
        assert!(matches!(engine.admit(&ask).await, Err(StoreError::Overloaded)));
        assert_eq!(engine.turn_away(&ask), Err(StoreError::Overloaded));
        assert!(begun.elapsed().is_zero());
        drop(line);
        assert_eq!(engine.turn_away(&ask), Ok(()));
    }

    /// As many as wait in the store, whatever this node has seen of them.
    #[tokio::test(start_paused = true)]
    async fn a_workspace_with_too_many_calls_waiting_is_refused_until_some_have_gone() {
        let (engine, ask) = idle_node(WAITING_CALLS_MAX as i64).await;
        engine.shared.backlog.found_empty();
        let set = |sql: &'static str| engine.shared.store.write(move |tx: &mut dyn Tx| tx.execute(sql, &[]));
        set("UPDATE jobs SET outgoing = 1").await.unwrap();
        (0..WAITING_CALLS_MAX).for_each(|_| engine.shared.backlog.add_call(workspace(1)));
        assert!(matches!(engine.admit(&ask).await, Err(StoreError::Overloaded)));
        set("DELETE FROM jobs WHERE id = 100").await.unwrap();
        assert!(matches!(engine.admit(&ask).await, Err(StoreError::Overloaded)), "it has just been counted");
        engine.shared.backlog.of.lock().get_mut(&workspace(1)).unwrap().calls_counted_at = None;
        assert!(matches!(engine.admit(&ask).await, Ok(Some(_))));
        engine.shared.backlog.add_call(workspace(1));
        engine.shared.backlog.call_claimed(workspace(1));
        assert!(matches!(engine.admit(&ask).await, Ok(Some(_))), "one has gone out");
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_have_claimed_is_found_out() {
        let (engine, ask) = idle_node(3).await;
        assert!(matches!(engine.admit(&ask).await, Ok(Some(_))));
    }

    #[tokio::test]
    async fn strangers_and_nodes_that_run_nothing_are_not_held_up() {
        let (engine, ask) = idle_node(600).await;
        let stranger = Ask { credential: Credential::Header(Some("Bearer b".to_owned())), request: None };
        assert!(matches!(engine.admit(&stranger).await, Ok(None)));
        engine.kill();
        assert!(matches!(engine.admit(&ask).await, Ok(None)));
    }

    #[test]
    fn the_line_is_short_and_who_leaves_makes_room() {
        let backlog = Arc::new(Backlog::default());
        let mut line: Vec<InLine> = std::iter::from_fn(|| backlog.line_up(workspace(1))).collect();
        assert_eq!(line.len(), LINE_MAX);
        assert!(backlog.line_up(workspace(2)).is_some(), "each has a line of its own");
        line.pop();
        assert!(backlog.line_up(workspace(1)).is_some());
    }

    #[test]
    fn it_is_counted_by_one_and_not_too_often() {
        let backlog = Backlog::default();
        backlog.add(workspace(1));
        let at = |millis| backlog.should_count(workspace(1), Duration::from_millis(millis));
        assert_eq!([at(0), at(0), at(99), at(100), at(150), at(200)], [true, false, false, true, false, true]);
    }

    #[test]
    fn who_has_asked_before_is_known() {
        let backlog = Backlog::default();
        let ask = |key: &str| Ask { credential: Credential::Header(Some(key.to_owned())), request: None };
        backlog.learn(&ask("Bearer a"), workspace(1));
        assert_eq!((backlog.known(&ask("Bearer a")), backlog.known(&ask("Bearer b"))), (Some(workspace(1)), None));
    }
}
