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
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::commands::executions;
use crate::cx::Failure;
use crate::engine::Engine;
use crate::fail_point;
use crate::idempotency::KEPT_MICROS;

/// One lease for all of a node's jobs, by the database's clock.
pub const LEASE: Duration = Duration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// Without a renewal for this long the worker stops itself: another node may soon take over.
const STOP_AFTER: Duration = Duration::from_millis(6_600);
const POLL_EVERY: Duration = Duration::from_millis(500);
/// History rows are sealed within a second on stores that do not seal in the commit itself.
const SEAL_EVERY: Duration = Duration::from_millis(500);
const SEAL_ROWS_MAX: i64 = 5_000;
const PURGE_EVERY: Duration = Duration::from_secs(600);
const PURGE_ROWS_MAX: i64 = 10_000;
/// How long a clean shutdown waits for running executions.
const DRAIN: Duration = Duration::from_secs(25);
/// A fault of ours (a row that can't be, SQL that fails) is not tried for ever: then the execution fails.
const FAULTS_MAX: u32 = 3;
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
    wake: Notify,
    running: Mutex<JoinSet<()>>,
    orphans: Mutex<Vec<(Job, OwnedSemaphorePermit)>>,
    /// A commit that claimed jobs may have happened or not: what this boot holds is no longer known.
    in_doubt: AtomicBool,
}

/// A job that this node holds, with its slot. One that is dropped instead of run (its caller has gone, or its commit
/// has failed or is in doubt) is left to the worker, which finds out whether it exists.
pub struct Claimed {
    held: Option<(Job, OwnedSemaphorePermit)>,
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
            wake: Notify::new(),
            running: Mutex::new(JoinSet::new()),
            orphans: Mutex::new(Vec::new()),
            in_doubt: AtomicBool::new(false),
        }
    }

    /// A slot for a job that is about to be born, if this node may claim and has one free.
    pub fn slot(&self) -> Option<OwnedSemaphorePermit> {
        if self.open.load(Ordering::Acquire) { self.slots.clone().try_acquire_owned().ok() } else { None }
    }

    /// How a job that is born here is claimed.
    pub fn first_claim(&self) -> Claim {
        Claim { node: self.node, boot: self.boot.load(Ordering::Acquire), epoch: 1 }
    }
}

impl Claimed {
    pub fn new(worker: &Arc<Worker>, job: Job, slot: OwnedSemaphorePermit) -> Claimed {
        Claimed { held: Some((job, slot)), worker: worker.clone() }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.worker.orphans.lock().push(held);
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
        let mut renew = tokio::time::interval(RENEW_EVERY);
        let mut poll = tokio::time::interval(POLL_EVERY);
        let mut seal = tokio::time::interval(SEAL_EVERY);
        let mut purge = tokio::time::interval(PURGE_EVERY);
        for timer in [&mut renew, &mut poll, &mut seal, &mut purge] {
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                biased;
                () = stop.notified() => break,
                _ = renew.tick() => self.renew_lease().await,
                _ = seal.tick() => self.seal().await,
                _ = purge.tick() => self.purge().await,
                _ = poll.tick() => self.claim().await,
                () = worker.wake.notified() => self.claim().await,
            }
        }
        self.hand_back().await;
        Ok(())
    }

    /// Runs jobs that were born claimed.
    pub(crate) fn run_soon(&self, claimed: Vec<Claimed>) {
        self.spawn(claimed.into_iter().filter_map(|mut claimed| claimed.held.take()));
    }

    fn spawn(&self, held: impl IntoIterator<Item = (Job, OwnedSemaphorePermit)>) {
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
        let (node, now) = (self.shared.worker.node, self.now());
        let asked_at = self.shared.clock.monotonic();
        let boot = self.shared.store.write(move |tx| nodes::start(tx, node, now, LEASE)).await?;
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
        let (node, boot, now) = (worker.node, worker.boot.load(Ordering::Acquire), self.now());
        let asked_at = self.shared.clock.monotonic();
        match self.shared.store.write(move |tx| nodes::renew(tx, node, boot, now, LEASE)).await {
            Ok(true) => {
                *worker.renewed_at.lock() = asked_at;
                worker.open.store(true, Ordering::Release);
            }
            Ok(false) => {
                error!(node = %node, "another process has started as this node; this one claims nothing more");
                worker.open.store(false, Ordering::Release);
            }
            Err(error) => {
                warn!(%error, "the lease was not renewed");
                if self.shared.clock.monotonic().saturating_sub(*worker.renewed_at.lock()) > STOP_AFTER {
                    worker.open.store(false, Ordering::Release);
                }
            }
        }
    }

    async fn claim(&self) {
        let worker = &self.shared.worker;
        let orphans = std::mem::take(&mut *worker.orphans.lock());
        self.spawn(orphans);
        if worker.in_doubt.swap(false, Ordering::AcqRel) {
            self.begin_anew().await;
        }
        loop {
            let free = if worker.open.load(Ordering::Acquire) { worker.slots.available_permits() } else { 0 };
            let mut slots = Vec::with_capacity(free);
            while slots.len() < free
                && let Some(slot) = worker.slot()
            {
                slots.push(slot);
            }
            if slots.is_empty() {
                return;
            }
            let (node, boot, now, limit) = (worker.node, worker.boot.load(Ordering::Acquire), self.now(), slots.len());
            // Looking first is cheap, and an idle node writes nothing.
            match self.shared.store.read(move |tx| jobs::any_claimable(tx, now)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return warn!(%error, "jobs could not be looked for"),
            }
            match self.shared.store.write(move |tx| jobs::claim(tx, node, boot, now, limit)).await {
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
    async fn run_held(&self, job: Job, _slot: OwnedSemaphorePermit) {
        let mut next = Some(job);
        while let Some(job) = next.take() {
            let (mut wait, mut faults) = (RETRY_FIRST, 0);
            next = loop {
                fail_point::pass("run.started");
                let (shared, current) = (self.shared.clone(), job);
                let fault = faults >= FAULTS_MAX;
                match self.shared.store.write(move |tx| executions::run_job(&shared, tx, &current, fault)).await {
                    Ok(next) => break next,
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
        if self.shared.worker.slots.available_permits() == 0 {
            self.wake();
        }
    }

    async fn seal(&self) {
        loop {
            match self.shared.store.write(|tx| activity::seal(tx, SEAL_ROWS_MAX)).await {
                Ok(sealed) if sealed == SEAL_ROWS_MAX as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "the history could not be sealed"),
            }
        }
    }

    async fn purge(&self) {
        let before = self.now().plus_micros(-KEPT_MICROS);
        if let Err(error) = self.shared.store.write(move |tx| idempotency::purge(tx, before, PURGE_ROWS_MAX)).await {
            warn!(%error, "old idempotency keys could not be purged");
        }
    }

    async fn hand_back(&self) {
        let worker = &self.shared.worker;
        worker.open.store(false, Ordering::Release);
        let all = u32::try_from(worker.slots_all).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(DRAIN, worker.slots.acquire_many(all)).await.is_ok();
        worker.running.lock().abort_all();
        let (node, boot) = (worker.node, worker.boot.load(Ordering::Acquire));
        match self.shared.store.write(move |tx| nodes::end(tx, node, boot)).await {
            Ok(()) => info!(drained, "worker stopped"),
            Err(error) => warn!(%error, "jobs could not be handed back; they are taken over when the lease ends"),
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
