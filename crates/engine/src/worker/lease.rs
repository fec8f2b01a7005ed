//! The lease under which a node claims, and the other things that it does again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_store::sql::timers::{self, TimerRow};
use baton_store::sql::{activity, deleted_workflows, idempotency, imports, nodes, retention, search, task_counts};
use baton_store::{StoreError, Tx};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, warn};

use super::LEASE;
use super::runs::is_fault;
use crate::commands::{timers as stage_changes, workflows};
use crate::engine::Engine;
use crate::idempotency::KEPT_MICROS;

const RENEW_EVERY: Duration = Duration::from_secs(3);
/// History rows are sealed within a second on stores that do not seal in the commit itself.
const SEAL_EVERY: Duration = Duration::from_millis(500);
const SEAL_ROWS_MAX: i64 = 5_000;
/// What is folded is read faster; the counts are right before it too.
const FOLD_EVERY: Duration = Duration::from_millis(500);
const FOLD_CHANGES_MAX: i64 = 10_000;
const FIRE_EVERY: Duration = Duration::from_millis(500);
const FAULT_AGAIN_MICROS: i64 = 60_000_000;
/// Work that is held under a dead lease or an earlier boot is found again within this.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const CLEAR_EVERY: Duration = Duration::from_secs(1);
const INDEX_EVERY: Duration = Duration::from_millis(500);
/// Tasks that one transaction indexes: a few milliseconds of SQLite's writer.
const INDEXED_AT_ONCE: i64 = 50;
/// After each transaction it rests so many times as long as that took, with the wait for its turn: the more there is to do otherwise, the
/// longer.
const INDEX_RESTS: u32 = 4;
/// Pieces of an import that one transaction clears away: a few milliseconds of SQLite's writer.
const CLEARED_PIECES: i64 = 10;
const PURGE_EVERY: Duration = Duration::from_secs(600);
/// Answers under an `Idempotency-Key` that one transaction takes away: a few milliseconds of SQLite's writer.
const PURGED_AT_ONCE: i64 = 200;
/// Executions, or imports, that one transaction takes away: a few milliseconds of SQLite's writer.
const FORGOTTEN_AT_ONCE: usize = 100;

impl Engine {
    /// Each on its own: a long one must not keep the lease from being renewed, also while running executions are waited for at the
    /// end.
    pub(super) fn begin_chores(&self, ended: watch::Receiver<()>) -> JoinSet<()> {
        let mut chores = JoinSet::new();
        let turn = Arc::new(AtomicU64::new(0));
        chores.spawn(every(RENEW_EVERY, self.clone(), ended.clone(), |engine| async move { engine.renew_lease().await }));
        chores.spawn(every(SEAL_EVERY, self.clone(), ended.clone(), |engine| async move { engine.seal().await }));
        chores.spawn(every(FOLD_EVERY, self.clone(), ended.clone(), |engine| async move { engine.fold_counts().await }));
        chores.spawn(every(FIRE_EVERY, self.clone(), ended.clone(), move |engine| {
            let turn = turn.clone();
            async move { engine.fire_timers(&turn).await }
        }));
        chores.spawn(every(SWEEP_EVERY, self.clone(), ended.clone(), |engine| async move { engine.sweep().await }));
        chores.spawn(every(CLEAR_EVERY, self.clone(), ended.clone(), |engine| async move { engine.clear().await }));
        chores.spawn(every(INDEX_EVERY, self.clone(), ended.clone(), |engine| async move { engine.index().await }));
        chores.spawn(every(CLEAR_EVERY, self.clone(), ended.clone(), |engine| async move { engine.clear_imports().await }));
        chores.spawn(every(PURGE_EVERY, self.clone(), ended.clone(), |engine| async move { engine.purge().await }));
        if let Some(kept) = self.shared.options.executions_kept {
            chores.spawn(every(PURGE_EVERY, self.clone(), ended, move |engine| async move {
                engine.forget(kept).await;
                engine.forget_imports(kept).await;
            }));
        }
        chores
    }

    pub(crate) async fn take_lease(&self) -> Result<(), StoreError> {
        let (node, now) = (self.shared.worker.node, self.now());
        let asked_at = self.shared.clock.monotonic();
        let boot = self.shared.store.write_lease(move |tx| nodes::start(tx, node, now, LEASE)).await?;
        let worker = &self.shared.worker;
        worker.boot.store(boot, Ordering::Release);
        worker.lapses.fetch_add(1, Ordering::AcqRel);
        worker.renewed(asked_at);
        worker.open.store(true, Ordering::Release);
        Ok(())
    }

    async fn renew_lease(&self) {
        let worker = &self.shared.worker;
        let (node, boot, now) = (worker.node, worker.boot.load(Ordering::Acquire), self.now());
        let asked_at = self.shared.clock.monotonic();
        match self.shared.store.write_lease(move |tx| nodes::renew(tx, node, boot, now, LEASE)).await {
            Ok(true) => worker.renewed(asked_at),
            Ok(false) => {
                error!(node = %node, "another process has started as this node; this one claims nothing more");
                worker.open.store(false, Ordering::Release);
            }
            Err(error) => warn!(%error, "the lease was not renewed; without it nothing more is claimed"),
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

    async fn fold_counts(&self) {
        loop {
            match self.shared.store.write_own(|tx| task_counts::fold(tx, FOLD_CHANGES_MAX)).await {
                Ok(folded) if folded == FOLD_CHANGES_MAX as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "the counts of tasks could not be folded"),
            }
        }
    }

    /// Makes every stage change that is due.
    async fn fire_timers(&self, turn: &AtomicU64) {
        loop {
            let (now, turn) = (self.now(), turn.fetch_add(1, Ordering::Relaxed));
            let rows = match self.shared.store.read_own(move |tx| timers::due(tx, now, turn)).await {
                Ok(rows) if rows.is_empty() => return,
                Ok(rows) => rows,
                Err(error) => return warn!(%error, "scheduled stage changes could not be looked for"),
            };
            for row in rows {
                if !self.fire_timer(row).await {
                    return;
                }
            }
        }
    }

    /// `false`: the store fails, so that the others are left for later too.
    async fn fire_timer(&self, row: TimerRow) -> bool {
        let (shared, timer) = (self.shared.clone(), row.clone());
        let failure = match self.shared.store.write_own(move |tx| stage_changes::fire(&shared, tx, &timer)).await {
            Ok(learned) => {
                self.shared.keep(learned);
                return true;
            }
            Err(failure) => failure,
        };
        error!(task = %row.task, %failure, "a scheduled stage change could not be made; it is tried again");
        if !is_fault(&failure) {
            return false;
        }
        // Those behind it do not wait for it.
        let later = self.now().plus_micros(FAULT_AGAIN_MICROS);
        let put_off = self.shared.store.write_own(move |tx| timers::postpone(tx, row.id, later)).await;
        put_off.inspect_err(|error| warn!(%error, "a scheduled stage change could not be put off")).is_ok()
    }

    async fn purge(&self) {
        let before = self.now().plus_micros(-KEPT_MICROS);
        loop {
            match self.shared.store.write(move |tx| idempotency::purge(tx, before, PURGED_AT_ONCE)).await {
                Ok(purged) if purged == PURGED_AT_ONCE as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "old idempotency keys could not be purged"),
            }
        }
    }

    /// Takes away the executions that ended long ago, piece by piece. Wherever it stops, the rest is found the next time.
    async fn forget(&self, kept: Duration) {
        let before = self.long_ago(kept);
        let mut after = None;
        loop {
            let piece = move |tx: &mut dyn Tx| {
                let candidates = retention::candidates(tx, before, after, FORGOTTEN_AT_ONCE)?;
                for first in &candidates {
                    retention::take_away(tx, *first, before)?;
                }
                Ok::<_, StoreError>(candidates)
            };
            match self.shared.store.write(piece).await {
                Ok(candidates) if candidates.len() == FORGOTTEN_AT_ONCE => after = candidates.last().copied(),
                Ok(_) => return,
                Err(error) => return warn!(%error, "old executions could not be taken away"),
            }
        }
    }

    /// The same for imports, whose rows have gone before.
    async fn forget_imports(&self, kept: Duration) {
        let before = self.long_ago(kept);
        loop {
            match self.shared.store.write(move |tx| imports::forget(tx, before, FORGOTTEN_AT_ONCE)).await {
                Ok(forgotten) if forgotten == FORGOTTEN_AT_ONCE as u64 => {}
                Ok(_) => return,
                Err(error) => return warn!(%error, "old imports could not be taken away"),
            }
        }
    }

    fn long_ago(&self, kept: Duration) -> Timestamp {
        self.now().plus_micros(-i64::try_from(kept.as_micros()).unwrap_or(i64::MAX))
    }

    /// Clears away what hung on deleted workflows, piece by piece, among what callers do.
    async fn clear(&self) {
        loop {
            match self.shared.store.read_own(deleted_workflows::any).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return warn!(%error, "deleted workflows could not be looked for"),
            }
            let shared = self.shared.clone();
            match self.shared.store.write(move |tx| workflows::clear_some(&shared, tx)).await {
                Ok((true, learned)) => self.shared.keep(learned),
                // Another node is at it.
                Ok((false, _)) => return,
                Err(failure) => return warn!(%failure, "a deleted workflow could not be cleared away; it is tried again"),
            }
        }
    }

    /// Brings changed texts into the index that searches use, piece by piece, among what callers do and less often than they.
    async fn index(&self) {
        let mut after = None;
        loop {
            match self.shared.store.read_own(search::any_queued).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return warn!(%error, "changed texts could not be looked for"),
            }
            let begun = self.shared.clock.monotonic();
            match self.shared.store.write(move |tx| search::index_some(tx, after, INDEXED_AT_ONCE)).await {
                // Another node is at it.
                Ok(None) if after.is_none() => return,
                // What is left is in the workflows before.
                Ok(last) => after = last,
                Err(StoreError::Overloaded) => return,
                Err(error) => return warn!(%error, "changed texts could not be indexed; a search still finds the newest of them"),
            }
            tokio::time::sleep((self.shared.clock.monotonic() - begun) * INDEX_RESTS).await;
        }
    }

    /// Throws away the rows of imports that will never be tasks, piece by piece.
    async fn clear_imports(&self) {
        loop {
            let now = self.now();
            match self.shared.store.read_own(move |tx| imports::any_to_clear(tx, now)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return warn!(%error, "imports to clear away could not be looked for"),
            }
            match self.shared.store.write(move |tx| imports::clear(tx, now, CLEARED_PIECES)).await {
                Ok(true) => {}
                // Another node is at it.
                Ok(false) => return,
                Err(error) => return warn!(%error, "rows of an import could not be cleared away; it is tried again"),
            }
        }
    }

    /// Finds work that nobody holds any more though its row says so.
    async fn sweep(&self) {
        let worker = &self.shared.worker;
        let (node, boot, now) = (worker.node, worker.boot.load(Ordering::Acquire), self.now());
        let swept = match self.shared.store.read_own(move |tx| nodes::any_lost(tx, node, boot, now)).await {
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
