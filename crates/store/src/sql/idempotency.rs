//! Answers kept under a caller's `Idempotency-Key`.

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub body_hash: Vec<u8>,
    pub status: i64,
    /// JSON.
    pub headers: String,
    pub body: Vec<u8>,
}

/// `scope` is a hash of the key, the method, path and query.
pub fn find(tx: &mut dyn Tx, workspace: Id, scope: &[u8; 32]) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT body_hash, status, headers, body FROM idempotency WHERE workspace_id = $1 AND scope = $2";
    tx.query_one(sql, &[workspace.into(), scope.into()], |row| {
        Ok(Stored {
            body_hash: row.bytes(0)?.to_vec(),
            status: row.int(1)?,
            headers: row.text(2)?.to_owned(),
            body: row.bytes(3)?.to_vec(),
        })
    })
}

/// A simultaneous twin meets `idempotency_pkey`: it waits for the first one's commit, is run again by the store, and
/// then finds the answer.
pub fn insert(tx: &mut dyn Tx, workspace: Id, scope: &[u8; 32], stored: &Stored, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO idempotency (workspace_id, scope, body_hash, status, headers, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        workspace.into(),
        scope.into(),
        stored.body_hash.as_slice().into(),
        stored.status.into(),
        stored.headers.as_str().into(),
        stored.body.as_slice().into(),
        now.into(),
    ];
    tx.send(sql, &params)
}

/// Forgets at most `limit` answers kept before `before`, so that one purge never holds up the others for long.
pub fn purge(tx: &mut dyn Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM idempotency WHERE (workspace_id, scope) IN
        (SELECT workspace_id, scope FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    tx.execute(sql, &[before.into(), limit.into()])
}
