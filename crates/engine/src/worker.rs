//! The loop that runs executions: claims jobs under a lease, runs them, hands them back at the end.
//!
//! A job is a row. It is born claimed by the node that accepted it when that has a free slot; everything else
//! (executions that waited behind others, that a crash or another node left) is found by polling. Wake-ups are
//! hints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use baton_core::ids::Id;
use baton_store::StoreError;
use baton_store::sql::jobs::{self, Claim, Job};
use baton_store::sql::{activity, idempotency, nodes};
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::commands::executions::{self, Run};
use crate::cx::Failure;
use crate::engine::Engine;
use crate::fail_point;
use crate::idempotency::KEPT_MICROS;

/// One lease for all of a node's jobs, by the database's clock.
pub const LEASE: Duration = Duration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// Without a renewal for this long, by the machine's own clock, nothing more is claimed: another node may soon take over.
const STOP_AFTER: Duration = Duration::from_millis(6_600);
const POLL_EVERY: Duration = Duration::from_millis(500);
/// History rows are sealed within a second on stores that do not seal in the commit itself.
const SEAL_EVERY: Duration = Duration::from_millis(500);
const SEAL_ROWS_MAX: i64 = 5_000;
/// Work that is held under a dead lease or an earlier boot is found again within this.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const PURGE_EVERY: Duration = Duration::from_secs(600);
const PURGE_ROWS_MAX: i64 = 10_000;
/// How long a clean shutdown waits for running executions.
const DRAIN: Duration = Duration::from_secs(25);
/// A fault of ours (a row that can't be, SQL that fails) is not tried for ever: then the execution fails.
const FAULTS_MAX: u32 = 3;
/// Executions of one task that follow each other in one slot; then the slot is given to whoever has waited longest, so
/// that a workspace whose tasks have long queues does not hold all of them.
const LINKS_MAX: usize = 16;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

pub(crate) struct Worker {
    pub node: Id,
    /// Set by the first lease of this start; rows of earlier boots are claimable at once.
    boot: AtomicI64,
    slots: Arc<Semaphore>,
    slots_all: usize,
    /// Whether the lease is held and work may be claimed.
    open: AtomicBool,
    renewed_at: Mutex<Duration>,
    /// One at a time takes or renews the lease: a renewal of the boot before would pass for another process.
    leasing: tokio::sync::Mutex<()>,
    wake: Notify,
    running: Mutex<JoinSet<()>>,
    /// Held by nobody but this node's rows; `None` once the worker has ended, which hands back all rows itself.
    orphans: Mutex<Option<Vec<Held>>>,
    /// A commit that claimed jobs may have happened or not: what this boot holds is no longer known.
    in_doubt: AtomicBool,
}

/// A job that this node holds, with its slot.
type Held = (Job, OwnedSemaphorePermit);

/// What a command claims: its slots, kept over all its runs, and the jobs that its last run has claimed them for. Those
/// that are dropped instead of run (the caller has gone, or the commit has failed or is in doubt) are left to the worker,
/// which finds out whether they exist.
pub(crate) struct Claims {
    slots: Vec<OwnedSemaphorePermit>,
    jobs: Vec<Job>,
    worker: Arc<Worker>,
}

impl Worker {
    pub fn new(node: Id, slots: usize) -> Worker {
        Worker {
            node,
            boot: AtomicI64::new(0),
            slots: Arc::new(Semaphore::new(slots)),
            slots_all: slots,
            open: AtomicBool::new(false),
            renewed_at: Mutex::new(Duration::ZERO),
            leasing: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            running: Mutex::new(JoinSet::new()),
            orphans: Mutex::new(Some(Vec::new())),
            in_doubt: AtomicBool::new(false),
        }
    }

    /// How this node claims at this moment of the machine's own clock, if its lease surely holds.
    pub fn claim_at(&self, now: Duration) -> Option<Claim> {
        let holds = self.open.load(Ordering::Acquire) && now.saturating_sub(*self.renewed_at.lock()) < STOP_AFTER;
        holds.then(|| Claim { node: self.node, boot: self.boot.load(Ordering::Acquire), epoch: 1 })
    }

    fn slot(&self) -> Option<OwnedSemaphorePermit> {
        self.slots.clone().try_acquire_owned().ok()
    }
}

impl Claims {
    pub fn new(worker: &Arc<Worker>) -> Claims {
        Claims { slots: Vec::new(), jobs: Vec::new(), worker: worker.clone() }
    }

    /// Before a run: what an earlier one has claimed was rolled back.
    pub fn begin(&mut self) {
        self.jobs.clear();
    }

    /// A claim for a job that is about to be born, if this node may claim and has a slot free.
    pub fn claim(&mut self, now: Duration) -> Option<Claim> {
        let claim = self.worker.claim_at(now)?;
        if self.slots.len() == self.jobs.len() {
            self.slots.push(self.worker.slot()?);
        }
        Some(claim)
    }

    pub fn hold(&mut self, job: Job) {
        self.jobs.push(job);
    }

    fn take(&mut self) -> Vec<Held> {
        std::mem::take(&mut self.jobs).into_iter().zip(std::mem::take(&mut self.slots)).collect()
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let held = self.take();
        if let Some(orphans) = &mut *self.worker.orphans.lock() {
            orphans.extend(held);
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
        // Each on its own: a long one must not keep the lease from being renewed, also while running executions are
        // waited for at the end.
        let (end_chores, ended) = watch::channel(());
        let mut chores = JoinSet::new();
        chores.spawn(every(RENEW_EVERY, self.clone(), ended.clone(), |engine| async move { engine.renew_lease().await }));
        chores.spawn(every(SEAL_EVERY, self.clone(), ended.clone(), |engine| async move { engine.seal().await }));
        chores.spawn(every(SWEEP_EVERY, self.clone(), ended.clone(), |engine| async move { engine.sweep().await }));
        chores.spawn(every(PURGE_EVERY, self.clone(), ended, |engine| async move { engine.purge().await }));
        let mut poll = tokio::time::interval(POLL_EVERY);
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
        chores.join_all().await;
        self.hand_back(drained).await;
        Ok(())
    }

    /// Runs jobs that were born claimed.
    pub(crate) fn run_soon(&self, claims: &Mutex<Claims>) {
        let held = claims.lock().take();
        if !held.is_empty() {
            self.spawn(held);
        }
    }

    fn spawn(&self, held: impl IntoIterator<Item = Held>) {
        let mut running = self.shared.worker.running.lock();
        while running.try_join_next().is_some() {}
        for (job, slot) in held {
            let engine = self.clone();
            running.spawn(async move { engine.run_held(job, slot).await });
        }
    }

    /// A hint that there may be something to claim.
    pub(crate) fn wake(&self) {
        self.shared.worker.wake.notify_one();
    }

    async fn take_lease(&self) -> Result<(), StoreError> {
        let _alone = self.shared.worker.leasing.lock().await;
        let (node, now) = (self.shared.worker.node, self.now());
        let asked_at = self.shared.clock.monotonic();
        let boot = self.shared.store.write_own(move |tx| nodes::start(tx, node, now, LEASE)).await?;
        let worker = &self.shared.worker;
        worker.boot.store(boot, Ordering::Release);
        *worker.renewed_at.lock() = asked_at;
        worker.open.store(true, Ordering::Release);
        Ok(())
    }

    /// A new boot, as after a restart: whatever the earlier one holds is claimable at once, and its results are refused.
    async fn begin_anew(&self) {
        warn!("the outcome of a commit is unknown; this node's jobs are claimed anew");
        if let Err(error) = self.take_lease().await {
            self.shared.worker.in_doubt.store(true, Ordering::Release);
            warn!(%error, "the lease was not taken");
        }
    }

    async fn renew_lease(&self) {
        let worker = &self.shared.worker;
        let _alone = worker.leasing.lock().await;
        let (node, boot, now) = (worker.node, worker.boot.load(Ordering::Acquire), self.now());
        let asked_at = self.shared.clock.monotonic();
        match self.shared.store.write_own(move |tx| nodes::renew(tx, node, boot, now, LEASE)).await {
            Ok(true) => *worker.renewed_at.lock() = asked_at,
            Ok(false) => {
                error!(node = %node, "another process has started as this node; this one claims nothing more");
                worker.open.store(false, Ordering::Release);
            }
            Err(error) => warn!(%error, "the lease was not renewed; without it nothing more is claimed"),
        }
    }

    async fn claim(&self) {
        let worker = &self.shared.worker;
        let orphans = worker.orphans.lock().as_mut().map(std::mem::take);
        self.spawn(orphans.unwrap_or_default());
        if worker.in_doubt.swap(false, Ordering::AcqRel) {
            self.begin_anew().await;
        }
        loop {
            let Some(Claim { node, boot, .. }) = worker.claim_at(self.shared.clock.monotonic()) else { return };
            let slots: Vec<OwnedSemaphorePermit> = std::iter::from_fn(|| worker.slot()).take(worker.slots_all).collect();
            if slots.is_empty() {
                return;
            }
            let (now, limit) = (self.now(), slots.len());
            // Looking first is cheap, and an idle node writes nothing.
            match self.shared.store.read(move |tx| jobs::any_claimable(tx, now)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return warn!(%error, "jobs could not be looked for"),
            }
            match self.shared.store.write_own(move |tx| jobs::claim(tx, node, boot, now, limit)).await {
                Ok(jobs) if jobs.is_empty() => return,
                Ok(jobs) => self.spawn(jobs.into_iter().zip(slots)),
                Err(error) => {
                    worker.in_doubt.fetch_or(matches!(error, StoreError::OutcomeUnknown(_)), Ordering::AcqRel);
                    return warn!(%error, "jobs could not be claimed");
                }
            }
        }
    }

    /// Runs one execution to its end, then the one that waited behind it. A store that fails for a while is asked
    /// again: the row is ours as long as the lease is.
    async fn run_held(&self, job: Job, slot: OwnedSemaphorePermit) {
        let (mut next, mut links) = (Some(job), 0);
        while let Some(job) = next.take() {
            links += 1;
            let (mut wait, mut faults) = (RETRY_FIRST, 0);
            next = loop {
                fail_point::pass("run.started");
                let (shared, current) = (self.shared.clone(), job);
                let run = Run { fault: faults >= FAULTS_MAX, claim_next: links < LINKS_MAX };
                match self.shared.store.write_own(move |tx| executions::run_job(&shared, tx, &current, run)).await {
                    Ok((next, learned)) => {
                        self.shared.cache.keep(learned);
                        break next;
                    }
                    Err(Failure::Store(StoreError::LeaseLost)) => {
                        warn!(execution = %job.id, "the lease was lost; the result is dropped");
                        break None;
                    }
                    Err(Failure::Store(StoreError::OutcomeUnknown(why))) => {
                        warn!(execution = %job.id, why, "whether an execution was saved is unknown");
                        self.shared.worker.in_doubt.store(true, Ordering::Release);
                        self.wake();
                        break None;
                    }
                    Err(failure) => {
                        error!(execution = %job.id, ?failure, "an execution could not be saved; it is tried again");
                        faults += u32::from(is_fault(&failure));
                        tokio::time::sleep(wait).await;
                        wait = (wait * 2).min(RETRY_MAX);
                    }
                }
            };
            fail_point::pass("run.committed");
        }
        let was_full = self.shared.worker.slots.available_permits() == 0;
        drop(slot);
        if was_full || links >= LINKS_MAX {
            self.wake();
        }
    }

    async fn seal(&self) {
        loop {
            match self.shared.store.write_own(|tx| activity::seal(tx, SEAL_ROWS_MAX)).await {
                Ok(sealed) if sealed == SEAL_ROWS_MAX as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "the history could not be sealed"),
            }
        }
    }

    async fn purge(&self) {
        let before = self.now().plus_micros(-KEPT_MICROS);
        loop {
            match self.shared.store.write(move |tx| idempotency::purge(tx, before, PURGE_ROWS_MAX)).await {
                Ok(purged) if purged == PURGE_ROWS_MAX as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "old idempotency keys could not be purged"),
            }
        }
    }

    /// Finds work that nobody holds any more though its row says so.
    async fn sweep(&self) {
        let worker = &self.shared.worker;
        let (node, boot, now) = (worker.node, worker.boot.load(Ordering::Acquire), self.now());
        let swept = match self.shared.store.read(move |tx| nodes::any_lost(tx, node, boot, now)).await {
            Ok(true) => self.shared.store.write_own(move |tx| nodes::sweep(tx, node, boot, now)).await,
            Ok(false) => return,
            Err(error) => Err(error),
        };
        match swept {
            Ok(found) => {
                warn!(found, "executions were held under a lease that has ended; they go on");
                self.wake();
            }
            Err(error) => warn!(%error, "lost executions could not be looked for"),
        }
    }

    /// Claims nothing more, and waits for what runs. `false`: not all of it has ended.
    async fn drain(&self) -> bool {
        let worker = &self.shared.worker;
        worker.open.store(false, Ordering::Release);
        // Nobody runs them any more, and their slots are waited for.
        drop(worker.orphans.lock().take());
        let all = u32::try_from(worker.slots_all).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(DRAIN, worker.slots.acquire_many(all)).await.is_ok();
        worker.running.lock().abort_all();
        drained
    }

    async fn hand_back(&self, drained: bool) {
        let worker = &self.shared.worker;
        let (node, boot) = (worker.node, worker.boot.load(Ordering::Acquire));
        match self.shared.store.write_own(move |tx| nodes::end(tx, node, boot)).await {
            Ok(()) => info!(drained, "worker stopped"),
            Err(error) => warn!(%error, "jobs could not be handed back; they are taken over when the lease ends"),
        }
    }
}

/// Does a chore again and again, until the other end of `ended` is dropped.
async fn every<F: Future<Output = ()>>(period: Duration, engine: Engine, mut ended: watch::Receiver<()>, chore: impl Fn(Engine) -> F) {
    let mut timer = tokio::time::interval(period);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = ended.changed() => return,
            _ = timer.tick() => chore(engine.clone()).await,
        }
    }
}

/// What time will not mend.
fn is_fault(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(_) => true,
        Failure::Store(error) => matches!(error, StoreError::Corrupt { .. } | StoreError::Sql(_) | StoreError::Duplicate { .. }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use baton_store::{Options, Place, Store};

    use crate::EngineOptions;
    use crate::env::{Entropy, SystemClock};

    fn id(raw: i64) -> Id {
        Id::from_i64(raw).unwrap()
    }

    /// On a store with a writer of its own, for there the two can overlap.
    #[tokio::test]
    async fn a_renewal_beside_a_new_boot_does_not_end_the_claiming() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(Place::Folder(folder.path().to_owned()))).unwrap();
        let options = EngineOptions { public_url: String::new(), workers: 1, node: id(1) };
        let engine = Engine::new(store, Arc::new(SystemClock::new()), Entropy::from_seed(1), options);
        engine.take_lease().await.unwrap();
        for _ in 0..20 {
            tokio::join!(engine.begin_anew(), engine.renew_lease());
            assert!(engine.shared.worker.claim_at(engine.shared.clock.monotonic()).is_some());
        }
    }

    fn open(slots: usize) -> Arc<Worker> {
        let worker = Worker::new(id(1), slots);
        worker.open.store(true, Ordering::Release);
        Arc::new(worker)
    }

    fn job(claim: Claim) -> Job {
        Job { id: id(9), workspace: id(2), task: id(3), sequence: 1, ready: true, claim: Some(claim), starts: 1, due_at: None }
    }

    #[test]
    fn nothing_is_claimed_when_the_lease_may_be_over() {
        let worker = open(1);
        let mut claims = Claims::new(&worker);
        assert_eq!(claims.claim(STOP_AFTER), None);
        assert!(claims.claim(STOP_AFTER.saturating_sub(Duration::from_millis(1))).is_some());
        *worker.renewed_at.lock() = STOP_AFTER;
        assert!(worker.claim_at(STOP_AFTER).is_some());
    }

    #[test]
    fn a_command_that_is_run_again_claims_once() {
        let worker = open(1);
        let mut claims = Claims::new(&worker);
        for _ in 0..3 {
            claims.begin();
            let claim = claims.claim(Duration::ZERO).expect("its own slot");
            claims.hold(job(claim));
        }
        assert_eq!(claims.take().len(), 1);
        drop(claims);
        assert_eq!(worker.orphans.lock().as_ref().map(Vec::len), Some(0));
        assert_eq!(worker.slots.available_permits(), 1);
    }

    #[test]
    fn what_nobody_runs_is_left_to_the_worker_until_it_ends() {
        let worker = open(2);
        let leave = || {
            let mut claims = Claims::new(&worker);
            let claim = claims.claim(Duration::ZERO).expect("a slot");
            claims.hold(job(claim));
        };
        leave();
        assert_eq!((worker.orphans.lock().as_ref().map(Vec::len), worker.slots.available_permits()), (Some(1), 1));
        drop(worker.orphans.lock().take());
        leave();
        assert_eq!(worker.slots.available_permits(), 2);
    }
}
