//! The loop that runs executions and imports: claims jobs under a lease (`lease.rs`), runs them (`runs.rs`, `imports.rs`), asks where a
//! commit is in doubt (`doubt.rs`), hands them back at the end.
//!
//! A job is a row. It is born claimed by the node that accepted it when that has a free slot; everything else
//! (executions that waited behind others or for a call, that a crash or another node left) is found by polling. Wake-ups
//! are hints.

mod doubt;
mod imports;
mod lease;
mod runs;
mod slots;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use baton_core::ids::Id;
use baton_store::sql::jobs::{Claim, Job};
use baton_store::sql::nodes;
use baton_store::{Dialect, StoreError};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{Span, info, warn};

use crate::engine::Engine;
use crate::open_calls::{CallPermit, OpenCalls};
use slots::{Slot, Slots};

/// One lease for all of a node's jobs, by the database's clock.
pub const LEASE: Duration = Duration::from_secs(10);
/// Without a renewal for this long, by the machine's own clock, nothing more is claimed: another node may soon take over.
const STOP_AFTER: Duration = Duration::from_millis(6_600);
/// How often a node looks for what others have left to it. Where nodes share a store, one may accept what another runs.
const POLL_EVERY: Duration = Duration::from_millis(500);
const POLL_SHARED_EVERY: Duration = Duration::from_millis(100);
/// A store that fails for a moment is asked again before a node goes without having handed back what it held.
const HAND_BACK_WAITS: [Duration; 4] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900), Duration::ZERO];
/// How long a clean shutdown waits for running executions.
const DRAIN: Duration = Duration::from_secs(25);
pub(crate) struct Worker {
    pub node: Id,
    /// Set by the first lease of this start; rows of earlier boots are claimable at once.
    boot: AtomicI64,
    slots: Slots,
    /// One: imports take turns, and so leave a store with one writer to others in between.
    imports: Slots,
    /// Calls under way, which take no slot.
    pub calls: Arc<OpenCalls>,
    /// Whether the lease is held.
    open: AtomicBool,
    /// What runs is ended, and nothing more claimed.
    draining: AtomicBool,
    renewed_at: Mutex<Duration>,
    /// How often the lease may have been over since this start: what was claimed before may be another node's.
    lapses: AtomicU64,
    wake: Notify,
    running: Mutex<JoinSet<()>>,
    /// Jobs that a transaction is being run for, each by its claim.
    stepping: Mutex<HashSet<(Id, i64)>>,
    /// Jobs that may be this node's or not; `None` once the worker has ended, which hands back all rows itself.
    in_doubt: Mutex<Option<Vec<Held>>>,
    /// One at a time asks about a commit: it may have to wait in the store, and others must be able to renew the lease there.
    asking: tokio::sync::Mutex<()>,
}

/// A job that this node holds, with what it takes to run it.
type Held = (Job, Place);

enum Place {
    Slot(Slot),
    /// Without one it is put back where it comes to a call.
    Call(Option<CallPermit>),
}

/// What a command claims: its slots, kept over all its runs, and the jobs that its last run has claimed them for. Those
/// that are dropped instead of run (the caller has gone, or the commit has failed or is in doubt) are left to the worker,
/// which finds out whether they exist.
pub(crate) struct Claims {
    slots: Vec<Slot>,
    jobs: Vec<Job>,
    /// Workspaces of jobs that this run has left to whoever claims them.
    left: Vec<Id>,
    worker: Arc<Worker>,
}

impl Worker {
    pub fn new(node: Id, slots: usize) -> Worker {
        Worker {
            node,
            boot: AtomicI64::new(0),
            slots: Slots::new(slots),
            imports: Slots::new(1),
            calls: Arc::new(OpenCalls::new()),
            open: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            renewed_at: Mutex::new(Duration::ZERO),
            lapses: AtomicU64::new(0),
            wake: Notify::new(),
            running: Mutex::new(JoinSet::new()),
            stepping: Mutex::default(),
            in_doubt: Mutex::new(Some(Vec::new())),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Whether the lease surely holds at this moment of the machine's own clock.
    pub fn holds_at(&self, now: Duration) -> bool {
        self.open.load(Ordering::Acquire) && now.saturating_sub(*self.renewed_at.lock()) < STOP_AFTER
    }

    /// How this node claims at this moment, if it may.
    pub fn claim_at(&self, now: Duration) -> Option<Claim> {
        let may_claim = self.holds_at(now) && !self.draining.load(Ordering::Acquire);
        may_claim.then(|| Claim { node: self.node, boot: self.boot.load(Ordering::Acquire), epoch: 1 })
    }

    /// `None`: it is being run already. Where a commit that claimed a job got lost, the claim that is made after it has the same number,
    /// and who asks what became of the first can't tell the two apart.
    fn step<'a>(&'a self, job: &Job) -> Option<Step<'a>> {
        let claimed = (job.id, job.claim.map_or(0, |claim| claim.epoch));
        self.stepping.lock().insert(claimed).then(|| Step { worker: self, claimed })
    }

    pub fn lapses(&self) -> u64 {
        self.lapses.load(Ordering::Acquire)
    }

    /// The lease was renewed; it was asked for at that moment. After a gap somebody else may have been here.
    fn renewed(&self, asked_at: Duration) {
        let mut renewed_at = self.renewed_at.lock();
        if asked_at.saturating_sub(*renewed_at) >= STOP_AFTER {
            self.lapses.fetch_add(1, Ordering::AcqRel);
        }
        *renewed_at = asked_at;
    }
}

/// While it lasts, nobody else of this node runs the job under the same claim. Who comes later finds the claim gone.
struct Step<'a> {
    worker: &'a Worker,
    claimed: (Id, i64),
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        self.worker.stepping.lock().remove(&self.claimed);
    }
}

impl Claims {
    pub fn new(worker: &Arc<Worker>) -> Claims {
        Claims { slots: Vec::new(), jobs: Vec::new(), left: Vec::new(), worker: worker.clone() }
    }

    /// Before a run: what an earlier one has claimed was rolled back.
    pub fn begin(&mut self) {
        self.jobs.clear();
        self.left.clear();
    }

    pub fn leave(&mut self, workspace: Id) {
        self.left.push(workspace);
    }

    /// A claim for a job that is about to be born, if this node may claim and has a slot free. `waits`: others of its workspace wait.
    pub fn claim(&mut self, now: Duration, waits: bool) -> Option<Claim> {
        let claim = self.worker.claim_at(now)?;
        if self.slots.len() == self.jobs.len() {
            self.slots.push(self.worker.slots.for_born(now, waits)?);
        }
        Some(claim)
    }

    pub fn hold(&mut self, job: Job) {
        self.jobs.push(job);
    }

    fn take(&mut self) -> Vec<Held> {
        let slots = std::mem::take(&mut self.slots).into_iter().map(Place::Slot);
        std::mem::take(&mut self.jobs).into_iter().zip(slots).collect()
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let held = self.take();
        if let Some(in_doubt) = &mut *self.worker.in_doubt.lock() {
            in_doubt.extend(held);
            self.worker.wake.notify_one();
        }
    }
}

impl Engine {
    /// Takes the lease and begins to run jobs; ends when `stop` is notified and everything is handed back.
    pub async fn work(&self, stop: Arc<Notify>) -> Result<(), StoreError> {
        let worker = &self.shared.worker;
        self.take_lease().await?;
        info!(node = %worker.node, "worker started");
        let (end_chores, ended) = watch::channel(());
        let mut chores = self.begin_chores(ended);
        let mut poll = tokio::time::interval(match self.shared.store.dialect() {
            Dialect::Sqlite => POLL_EVERY,
            Dialect::Postgres => POLL_SHARED_EVERY,
        });
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.notified() => break,
                _ = poll.tick() => self.claim().await,
                () = worker.wake.notified() => self.claim().await,
            }
        }
        let drained = self.drain().await;
        drop(end_chores);
        // A long one goes on at the next start; what was claimed must not wait for it.
        chores.shutdown().await;
        self.hand_back(drained).await;
        Ok(())
    }

    /// Runs jobs that were born claimed.
    pub(crate) fn run_soon(&self, claims: &Mutex<Claims>) {
        let mut claims = claims.lock();
        claims.left.drain(..).for_each(|workspace| self.shared.backlog.add(workspace));
        let held = claims.take();
        if !held.is_empty() {
            self.spawn_after(&Span::current(), held);
        }
    }

    /// A hint that there may be something to claim.
    pub(crate) fn wake(&self) {
        self.shared.worker.wake.notify_one();
    }

    /// Claims nothing more, and waits for what runs. `false`: not all of it has ended.
    async fn drain(&self) -> bool {
        let worker = &self.shared.worker;
        worker.draining.store(true, Ordering::Release);
        // Nobody runs them any more, and their slots are waited for.
        drop(worker.in_doubt.lock().take());
        let ended = async { tokio::join!(worker.slots.all_free(), worker.imports.all_free(), worker.calls.none_left()) };
        let drained = tokio::time::timeout(DRAIN, ended).await.is_ok();
        worker.running.lock().abort_all();
        drained
    }

    async fn hand_back(&self, drained: bool) {
        let worker = &self.shared.worker;
        let (node, boot) = (worker.node, worker.boot.load(Ordering::Acquire));
        for wait in HAND_BACK_WAITS {
            match self.shared.store.write_lease(move |tx| nodes::end(tx, node, boot)).await {
                Ok(()) => return info!(drained, "worker stopped"),
                Err(error) => warn!(%error, "jobs could not be handed back"),
            }
            tokio::time::sleep(wait).await;
        }
        warn!("the jobs of this node are taken over when its lease ends");
    }

    /// As kill -9 would: everything that this node does ends where it stands. For simulations.
    pub fn kill(&self) {
        self.shared.worker.open.store(false, Ordering::Release);
        self.shared.worker.running.lock().abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(raw: i64) -> Id {
        Id::from_i64(raw).unwrap()
    }

    fn open(slots: usize) -> Arc<Worker> {
        let worker = Worker::new(id(1), slots);
        worker.open.store(true, Ordering::Release);
        Arc::new(worker)
    }

    fn job(claim: Claim) -> Job {
        Job {
            id: id(9),
            workspace: id(2),
            task: id(3),
            sequence: 1,
            ready: true,
            claim: Some(claim),
            starts: 1,
            due_at: None,
            takes: baton_store::sql::jobs::Takes::Worker,
        }
    }

    #[test]
    fn nothing_is_claimed_when_the_lease_may_be_over() {
        let worker = open(1);
        let mut claims = Claims::new(&worker);
        assert_eq!(claims.claim(STOP_AFTER, false), None);
        assert!(claims.claim(STOP_AFTER.saturating_sub(Duration::from_millis(1)), false).is_some());
        *worker.renewed_at.lock() = STOP_AFTER;
        assert!(worker.claim_at(STOP_AFTER).is_some());
    }

    #[test]
    fn a_renewal_after_a_gap_is_a_lapse() {
        let worker = open(1);
        let second = Duration::from_secs(1);
        worker.renewed(second);
        worker.renewed(second + STOP_AFTER.saturating_sub(Duration::from_millis(1)));
        assert_eq!(worker.lapses(), 0);
        worker.renewed(2 * STOP_AFTER + second);
        assert_eq!(worker.lapses(), 1);
    }

    #[test]
    fn a_node_that_stops_holds_its_lease_and_claims_nothing() {
        let worker = open(1);
        worker.draining.store(true, Ordering::Release);
        assert!(worker.holds_at(Duration::ZERO) && worker.claim_at(Duration::ZERO).is_none());
    }

    #[test]
    fn a_command_that_is_run_again_claims_once() {
        let worker = open(1);
        let mut claims = Claims::new(&worker);
        for _ in 0..3 {
            claims.begin();
            let claim = claims.claim(Duration::ZERO, false).expect("its own slot");
            claims.hold(job(claim));
        }
        assert_eq!(claims.take().len(), 1);
        drop(claims);
        assert_eq!(worker.in_doubt.lock().as_ref().map(Vec::len), Some(0));
        assert_eq!(worker.slots.free(), 1);
    }

    #[test]
    fn what_nobody_runs_is_left_to_the_worker_until_it_ends() {
        let worker = open(2);
        let leave = || {
            let mut claims = Claims::new(&worker);
            let claim = claims.claim(Duration::ZERO, false).expect("a slot");
            claims.hold(job(claim));
        };
        leave();
        assert_eq!((worker.in_doubt.lock().as_ref().map(Vec::len), worker.slots.free()), (Some(1), 1));
        drop(worker.in_doubt.lock().take());
        leave();
        assert_eq!(worker.slots.free(), 2);
    }
}
