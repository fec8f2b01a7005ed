//! Claiming jobs and running them: a slot for what is done in the store, an open call for what is done outside.

use std::sync::Arc;
use std::time::Duration;

use baton_core::execution::call::{Failure as CallFailure, FailureKind, Reply};
use baton_core::refusal::Refusal;
use baton_store::sql::jobs::{self, Claim, Job, Takes};
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span, error, error_span, warn};

use super::doubt::Written;
use super::slots::Slot;
use super::{Held, Place};
use crate::commands::runs::{self, After, Behind, Outgoing, Run};
use crate::cx::Failure;
use crate::engine::Engine;
use crate::fail_point;
use crate::open_calls::CallPermit;
use crate::sending::{self, NotReady};

/// A fault of ours (a row that can't be, SQL that fails) is not tried for ever: then the execution fails.
pub(super) const FAULTS_MAX: u32 = 3;
/// Executions of one task that follow each other in one slot; then the slot is given to whoever has waited longest, so
/// that a workspace whose tasks have long queues does not hold all of them.
const LINKS_MAX: usize = 16;
pub(super) const RETRY_FIRST: Duration = Duration::from_millis(100);
pub(super) const RETRY_MAX: Duration = Duration::from_secs(5);
/// A call that may not begin, since the lease is not sure, looks again after this.
const LEASE_AGAIN: Duration = Duration::from_millis(500);

impl Engine {
    pub(super) fn spawn(&self, held: impl IntoIterator<Item = Held>) {
        self.spawn_after(&Span::none(), held);
    }

    /// The same for what somebody has just asked for: the two are parts of different traces, for one may be answered long before the
    /// other ends, and are linked.
    pub(super) fn spawn_after(&self, cause: &Span, held: impl IntoIterator<Item = Held>) {
        for (job, place) in held {
            let (engine, span) = (self.clone(), span_of(&job));
            span.follows_from(cause);
            self.spawn_task(async move { engine.run(job, place, span).await });
        }
    }

    /// Ends with the worker.
    pub(super) fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.shared.worker.running.lock();
        while running.try_join_next().is_some() {}
        running.spawn(task);
    }

    pub(super) async fn run(&self, job: Job, place: Place, span: Span) {
        match place {
            Place::Slot(slot) if job.takes == Takes::Import => self.run_imports(job, slot, span).await,
            Place::Slot(slot) => self.run_in_slot(job, slot, span).await,
            Place::Call(permit) => self.run_call(job, None, permit).instrument(span).await,
        }
    }

    pub(super) async fn claim(&self) {
        let worker = &self.shared.worker;
        let in_doubt = worker.in_doubt.lock().as_mut().map(std::mem::take);
        self.spawn_in_doubt(in_doubt.unwrap_or_default());
        loop {
            let Some(Claim { node, boot, .. }) = worker.claim_at(self.shared.clock.monotonic()) else { return };
            let runs = worker.slots.is_any_for_waited(self.shared.clock.monotonic());
            let (now, calls) = (self.now(), worker.calls.free());
            let wanted = [(runs, Takes::Worker), (calls > 0, Takes::Call), (worker.imports.free() > 0, Takes::Import)];
            let wanted: Vec<Takes> = wanted.into_iter().filter_map(|(wanted, takes)| wanted.then_some(takes)).collect();
            // Looking first is cheap, an idle node writes nothing, and whoever comes meanwhile finds a slot.
            match self.shared.store.read_own(move |tx| jobs::any_claimable(tx, now, &wanted)).await {
                Ok(true) => {}
                Ok(false) if runs => return self.shared.backlog.found_empty(),
                Ok(false) => return,
                Err(error) => return warn!(%error, "jobs could not be looked for"),
            }
            let (slots, import) = (worker.slots.for_waited(self.shared.clock.monotonic()), worker.imports.any());
            let (workers, imports) = (slots.len(), usize::from(import.is_some()));
            let open = worker.calls.clone();
            let claim = move |tx: &mut dyn Tx| {
                let room = jobs::Room { workers, calls, calls_of: &|workspace| open.free_of(workspace), imports };
                Ok(jobs::claim(tx, node, boot, now, &room)?)
            };
            match self.write_or_doubt(claim).await {
                Ok(Written::Committed(claimed)) => {
                    self.shared.metrics.lease_takeovers.add(claimed.takeovers);
                    if claimed.jobs.is_empty() {
                        return;
                    }
                    for job in &claimed.jobs {
                        let backlog = &self.shared.backlog;
                        match job.takes {
                            Takes::Worker => backlog.claimed(job.workspace),
                            Takes::Call => backlog.call_claimed(job.workspace),
                            Takes::Import => {}
                        }
                    }
                    self.spawn(self.place(claimed.jobs, slots, import));
                }
                Ok(Written::InDoubt(claimed)) => return self.spawn_in_doubt(self.place(claimed.jobs, slots, import)),
                Err(failure) => return warn!(%failure, "jobs could not be claimed"),
            }
        }
    }

    /// Gives each claimed job its slot or its open call. Where that has been taken meanwhile, the job is put back when it runs.
    fn place(&self, jobs: Vec<Job>, slots: Vec<Slot>, mut import: Option<Slot>) -> Vec<Held> {
        let mut slots = slots.into_iter();
        let held = jobs.into_iter().map(|job| {
            let slot = match job.takes {
                Takes::Worker => slots.next(),
                Takes::Import => import.take(),
                Takes::Call => None,
            };
            let place = slot.map_or_else(|| Place::Call(self.shared.worker.calls.open(job.workspace)), Place::Slot);
            (job, place)
        });
        held.collect()
    }

    /// Runs one execution, then the one that waited behind it, and so on: to the end of the queue, or to a call.
    async fn run_in_slot(&self, job: Job, mut slot: Slot, span: Span) {
        let (mut next, mut links) = (Some((job, span)), 0);
        let mut call = None;
        while let Some((job, span)) = next.take() {
            links += 1;
            let permit = Arc::new(Mutex::new(None));
            let behind = if links < LINKS_MAX { self.behind(&mut slot) } else { Behind::Left };
            match self.run_step(job, None, behind, &permit).instrument(span.clone()).await {
                Some(After::Ended(behind)) => {
                    let other = behind.filter(|behind| behind.task != job.task);
                    other.inspect(|other| self.shared.backlog.claimed(other.workspace));
                    next = behind.map(|behind| (behind, span_of(&behind)));
                }
                Some(After::Calls(outgoing)) => call = permit.lock().take().map(|permit| (outgoing, permit, span)),
                // There may be something to claim that only another call has room for.
                Some(After::Waits) | None => {}
            }
        }
        let was_full = self.shared.worker.slots.free() == 0;
        let was_for_waited = slot.is_for_waited();
        drop(slot);
        if was_full || was_for_waited || links >= LINKS_MAX {
            self.wake();
        }
        if let Some((outgoing, permit, span)) = call {
            self.run_call(outgoing.job, Some(outgoing), Some(permit)).instrument(span).await;
        }
    }

    /// What a slot goes on with when its execution ends.
    fn behind(&self, slot: &mut Slot) -> Behind {
        let now = self.shared.clock.monotonic();
        if self.shared.worker.slots.may_take_waited(slot, now) { Behind::Any } else { Behind::OfTask }
    }

    /// Makes the call of an execution, and the next one where its steps lead to another. `outgoing`: it is saved that it goes out.
    async fn run_call(&self, job: Job, mut outgoing: Option<Box<Outgoing>>, permit: Option<CallPermit>) {
        let permit = Arc::new(Mutex::new(permit));
        let mut job = job;
        loop {
            let reply = match outgoing.take() {
                Some(outgoing) => match self.send(&outgoing).instrument(debug_span!("step", step = outgoing.call.step)).await {
                    Some(reply) => Some(Arc::new(reply)),
                    None => return,
                },
                None => None,
            };
            // What waits behind it needs a slot; without one it is left to be claimed.
            let mut slot = self.shared.worker.slots.any();
            let behind = slot.as_mut().map_or(Behind::Left, |slot| self.behind(slot));
            match self.run_step(job, reply, behind, &permit).await {
                Some(After::Calls(next)) => {
                    job = next.job;
                    outgoing = Some(next);
                }
                Some(After::Ended(behind)) => {
                    drop(permit.lock().take());
                    let other = behind.filter(|behind| behind.task != job.task);
                    other.inspect(|other| self.shared.backlog.claimed(other.workspace));
                    match behind.zip(slot) {
                        Some((behind, slot)) => self.spawn([(behind, Place::Slot(slot))]),
                        None => self.wake(),
                    }
                    return;
                }
                Some(After::Waits) | None => {
                    drop(permit.lock().take());
                    return self.wake();
                }
            }
        }
    }

    /// One attempt, with how long it took. `None`: the claim has been lost before it began.
    async fn send(&self, outgoing: &Outgoing) -> Option<(Reply, Duration)> {
        let (mut wait, mut lapses) = (RETRY_FIRST, outgoing.lapses);
        let (sending, masks) = loop {
            self.wait_for_lease(&outgoing.job, &mut lapses).await?;
            match sending::prepare(&self.shared, outgoing, self.now()).await {
                Ok(ready) if self.is_held_since(lapses) => break ready,
                Ok(_) => {}
                Err(NotReady::Refused(refusal)) => {
                    let failure = CallFailure { told: refusal.told(), kind: FailureKind::Final };
                    return Some((Reply::Failed(failure), Duration::ZERO));
                }
                Err(NotReady::Store(error)) => {
                    warn!(%error, "a secret could not be read; it is tried again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
        };
        let begun = self.shared.clock.monotonic();
        fail_point::pass("call.started");
        let (world, now) = (self.shared.world.clone(), self.now());
        // A task of its own: a fault in it is this attempt's, and ends with it when this is cut off.
        let mut attempt = JoinSet::new();
        let span = debug_span!("call", attempt = outgoing.call.attempts, outcome = Empty);
        attempt.spawn(async move { masks.over(world.send(sending, now).await) }.instrument(span.clone()));
        let reply = attempt.join_next().await.and_then(Result::ok).unwrap_or_else(|| {
            let refusal = Refusal::Panicked { step: Some(outgoing.call.step) };
            Reply::Failed(CallFailure { told: refusal.told(), kind: FailureKind::Final })
        });
        fail_point::pass("call.ended");
        let took = self.shared.clock.monotonic().saturating_sub(begun);
        span.record("outcome", self.shared.metrics.called(&outgoing.call.request, &reply, took));
        Some((reply, took))
    }

    /// Whether the lease holds and has held since there were so many lapses.
    fn is_held_since(&self, lapses: u64) -> bool {
        let worker = &self.shared.worker;
        worker.holds_at(self.shared.clock.monotonic()) && worker.lapses() == lapses
    }

    /// Begins nothing while the lease may be over. When it is sure again, the job must still be ours: a node that stood still renews
    /// its lease, also where another has taken what it had.
    async fn wait_for_lease(&self, job: &Job, lapses: &mut u64) -> Option<()> {
        let worker = &self.shared.worker;
        while !self.is_held_since(*lapses) {
            while !worker.holds_at(self.shared.clock.monotonic()) {
                tokio::time::sleep(LEASE_AGAIN).await;
            }
            let (id, claim, now) = (job.id, job.claim?, worker.lapses());
            match self.shared.store.write_own(move |tx: &mut dyn Tx| jobs::hold(tx, id, &claim)).await {
                Ok(true) => *lapses = now,
                Ok(false) => return None,
                Err(error) => {
                    warn!(%error, "whether a call is still this node's could not be asked");
                    tokio::time::sleep(LEASE_AGAIN).await;
                }
            }
        }
        Some(())
    }

    /// One transaction of a run. A store that fails for a while is asked again: the row is ours as long as the lease is. `None`: it is
    /// not ours, or somebody else here runs it.
    async fn run_step(
        &self,
        job: Job,
        reply: Option<Arc<(Reply, Duration)>>,
        behind: Behind,
        permit: &Arc<Mutex<Option<CallPermit>>>,
    ) -> Option<After> {
        let _step = self.shared.worker.step(&job)?;
        let (mut wait, mut faults) = (RETRY_FIRST, 0);
        loop {
            fail_point::pass("run.started");
            let run = Run { fault: faults >= FAULTS_MAX, behind, reply: reply.clone(), permit: permit.clone() };
            let shared = self.shared.clone();
            let ran = match self.write_or_doubt(move |tx| runs::run_job(&shared, tx, &job, &run)).await {
                Ok(Written::Committed(done)) => Ok(Some(done)),
                Ok(Written::InDoubt(done)) => self.happened(&job, &done.0).await.map(|there| there.then_some(done)).map_err(Failure::Store),
                Err(failure) => Err(failure),
            };
            match ran {
                Ok(Some((after, learned))) => {
                    self.shared.keep(learned);
                    fail_point::pass("run.committed");
                    return Some(after);
                }
                Ok(None) => {}
                Err(Failure::Store(StoreError::LeaseLost)) => {
                    warn!("the lease was lost; the result is dropped");
                    self.shared.metrics.late_writes.add(1);
                    return None;
                }
                Err(failure) => {
                    error!(%failure, "an execution could not be saved; it is tried again");
                    faults += u32::from(is_fault(&failure));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
        }
    }
}

/// Whatever is logged of an execution or an import, it is logged with this.
pub(super) fn span_of(job: &Job) -> Span {
    match job.takes {
        Takes::Worker | Takes::Call => error_span!(parent: None, "execution", execution = %job.id, workspace = %job.workspace),
        Takes::Import => error_span!(parent: None, "import", import = %job.id, workspace = %job.workspace),
    }
}

/// What time will not mend.
pub(super) fn is_fault(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(_) => true,
        Failure::Store(error) => matches!(error, StoreError::Corrupt { .. } | StoreError::Sql(_) | StoreError::Duplicate { .. }),
    }
}
