//! Commits whose outcome is unknown. What they would have come to is kept, and the store is asked about the job itself: so nothing else
//! that this node holds is given up, and no call goes out again that need not.

use std::sync::Arc;

use baton_store::sql::jobs::{self, Job};
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;
use tracing::{Instrument, warn};

use super::Held;
use super::runs::{RETRY_FIRST, RETRY_MAX, span_of};
use crate::commands::runs::After;
use crate::cx::{Failure, Outcome};
use crate::engine::Engine;

/// What a work has come to.
pub(super) enum Written<T> {
    Committed(T),
    /// All of it is there, or nothing.
    InDoubt(T),
}

impl Engine {
    /// A write of the node's own, whose result is not lost along with the answer to its commit.
    pub(super) async fn write_or_doubt<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static,
    ) -> Outcome<Written<T>> {
        let result = Arc::new(Mutex::new(None));
        let of_work = result.clone();
        let through = move |tx: &mut dyn Tx| {
            let mut result = of_work.lock();
            // What an earlier run has come to was rolled back.
            *result = None;
            *result = Some(work(tx)?);
            Ok::<_, Failure>(())
        };
        let written = self.shared.store.write_own(through).await;
        let result = result.lock().take();
        match (written, result) {
            (Ok(()), result) => Ok(Written::Committed(result.expect("what is committed has come to something"))),
            (Err(Failure::Store(StoreError::OutcomeUnknown(why))), Some(result)) => {
                warn!(why, "the outcome of a commit is unknown; the store is asked");
                Ok(Written::InDoubt(result))
            }
            // What has refused leaves nothing, whatever its commit has met.
            (Err(failure), _) => Err(failure),
        }
    }

    /// Whether a run is there that would have come to this. It is not: the job is as it was, and may be run again. An error: it is
    /// somebody else's by now.
    pub(super) async fn happened(&self, job: &Job, after: &After) -> Result<bool, StoreError> {
        let found = self.settled(job).await;
        match (after, found) {
            (_, Some(found)) if found.claim == job.claim => Ok(false),
            (After::Calls(outgoing), Some(found)) if found.claim == outgoing.job.claim => Ok(true),
            // What waits may be claimed by now, and is not run here whoever has it.
            (After::Ended(_), None) | (After::Waits, _) => Ok(true),
            (After::Calls(_), _) | (After::Ended(_), Some(_)) => Err(StoreError::LeaseLost),
        }
    }

    /// Runs those of the jobs that are this node's.
    pub(super) fn spawn_in_doubt(&self, held: Vec<Held>) {
        for (job, place) in held {
            let (engine, span) = (self.clone(), span_of(&job));
            let of_run = span.clone();
            let work = async move {
                if engine.settled(&job).await.is_some_and(|found| found.claim == job.claim) {
                    engine.run(job, place, of_run).await;
                } else {
                    drop(place);
                    engine.wake();
                }
            };
            self.spawn_task(work.instrument(span));
        }
    }

    /// Asks until the store answers; meanwhile the job keeps its slot.
    pub(super) async fn settled(&self, job: &Job) -> Option<Job> {
        let (job, mut wait) = (*job, RETRY_FIRST);
        loop {
            let alone = self.shared.worker.asking.lock().await;
            let asked = self.shared.store.write_own(move |tx: &mut dyn Tx| jobs::settled(tx, &job)).await;
            drop(alone);
            match asked {
                Ok(found) => return found,
                Err(error) => warn!(%error, "what became of a commit could not be asked; it is asked again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }
}
