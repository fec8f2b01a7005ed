//! Importing, chunk by chunk: each is one transaction, which also claims whichever import is next. Those of every workspace take turns.

use baton_store::StoreError;
use baton_store::sql::jobs::Job;
use baton_store::sql::tasks;
use tracing::{Instrument, Span, error, warn};

use super::doubt::Written;
use super::runs::{FAULTS_MAX, RETRY_FIRST, RETRY_MAX, is_fault, span_of};
use super::slots::Slot;
use crate::commands::imports;
use crate::cx::Failure;
use crate::engine::Engine;

impl Engine {
    pub(super) async fn run_imports(&self, job: Job, slot: Slot, span: Span) {
        let mut next = Some((job, span));
        while let Some((job, span)) = next {
            next = self.run_chunk(job).instrument(span).await.map(|job| (job, span_of(&job)));
        }
        drop(slot);
        self.wake();
    }

    /// Answers with the import that goes on, this one or another.
    async fn run_chunk(&self, job: Job) -> Option<Job> {
        let _step = self.shared.worker.step(&job)?;
        let (mut wait, mut faults) = (RETRY_FIRST, 0);
        loop {
            let (shared, fault) = (self.shared.clone(), faults >= FAULTS_MAX);
            match self.write_or_doubt(move |tx| imports::run_chunk(&shared, tx, &job, fault)).await {
                Ok(Written::Committed((next, learned))) => {
                    self.shared.keep(learned);
                    return next;
                }
                Ok(Written::InDoubt((next, _))) => {
                    if self.settled(&job).await.is_some_and(|found| found.claim == job.claim) {
                        continue;
                    }
                    let next = next?;
                    return self.settled(&next).await.filter(|found| found.claim == next.claim);
                }
                Err(Failure::Store(StoreError::LeaseLost)) => {
                    warn!("the lease was lost; the chunk is dropped");
                    self.shared.metrics.late_writes.add(1);
                    return None;
                }
                Err(failure) => {
                    error!(%failure, "a chunk of an import could not be saved; it is tried again");
                    let lost_a_race = matches!(&failure, Failure::Store(error) if tasks::is_unique_id_taken(error));
                    faults += u32::from(is_fault(&failure) && !lost_a_race);
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
        }
    }
}
