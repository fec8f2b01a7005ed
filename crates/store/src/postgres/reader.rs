//! A thread that reads.

use super::session::Session;
use super::tx::PostgresTx;
use crate::queue::Works;

/// One view for all statements of a work, and no writes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Runs until the store is closed and the queue is empty.
pub(super) fn read_all(mut session: Session, works: &Works) {
    while let Some(mut work) = works.next() {
        if work.is_abandoned() {
            continue;
        }
        let mut tx = PostgresTx::new(&mut session, BEGIN);
        work.run(&mut tx);
        // Nothing is to become durable, so the caller need not wait for the end of the transaction. Only what a read has no
        // business with is still on its way.
        work.answer(tx.settle().map_err(|failure| failure.error));
        tx.roll_back();
    }
}
