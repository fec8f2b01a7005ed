//! Executions that ended long ago, and are taken away with what they sent and what they were answered. Their history stays.
//!
//! An execution and its retries go together: whether it may be retried again is told by the last of them.

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{Dialect, StoreError, Tx};

/// Some executions that ended before that moment, oldest first, each held so that nobody retries it meanwhile. They may still be
/// needed; see [`take_away`].
pub fn candidates(tx: &mut dyn Tx, before: Timestamp, after: Option<Id>, limit: usize) -> Result<Vec<Id>, StoreError> {
    // No index serves this but that of the ids: who ended before that moment was made before it.
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT id FROM executions WHERE id > $1 AND id < $2 AND retry_of IS NULL AND finished_at < $3 ORDER BY id LIMIT $4"
        }
        // What others have at this moment waits for another time.
        Dialect::Postgres => {
            "SELECT id FROM executions WHERE id > $1 AND id < $2 AND retry_of IS NULL AND finished_at < $3 ORDER BY id LIMIT $4
                FOR UPDATE SKIP LOCKED"
        }
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let first_after = Id::new(before.micros().div_euclid(1000), 0);
    let params = [after.map_or(-1, Id::as_i64).into(), first_after.into(), before.into(), limit.into()];
    tx.query(sql, &params, |row| row.id(0))
}

/// Takes away a candidate with its retries, unless one of them has not ended before that moment or still has its place in the queue of
/// its task. A statement of its own: it sees a retry that was accepted before the candidate was held.
pub fn take_away(tx: &mut dyn Tx, first: Id, before: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM executions e WHERE (e.id = $1 OR e.retry_of = $1)
        AND (e.finished_at IS NULL OR e.finished_at >= $2 OR EXISTS (SELECT 1 FROM jobs j WHERE j.id = e.id)) LIMIT 1";
    if tx.query_one(sql, &[first.into(), before.into()], |_| Ok(()))?.is_some() {
        return Ok(false);
    }
    let sql = "DELETE FROM calls WHERE execution_id IN (SELECT id FROM executions WHERE id = $1 OR retry_of = $1)";
    tx.send(sql, &[first.into()])?;
    tx.send("DELETE FROM executions WHERE id = $1 OR retry_of = $1", &[first.into()])?;
    Ok(true)
}

/// Keeps an execution from being taken away; `false`: it has been.
pub fn hold(tx: &mut dyn Tx, first: Id) -> Result<bool, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM executions WHERE id = $1",
        Dialect::Postgres => "SELECT 1 FROM executions WHERE id = $1 FOR KEY SHARE",
    };
    Ok(tx.query_one(sql, &[first.into()], |_| Ok(()))?.is_some())
}
