//! The nodes that run executions: one lease each, by the database's clock.

use std::time::Duration;

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{Dialect, Param, StoreError, Tx};

/// The clock that leases go by. On PostgreSQL all nodes share the database's; on SQLite there is one machine, whose
/// clock the caller gives.
pub(super) fn lease_clock(tx: &mut dyn Tx, ours: Timestamp) -> Result<Timestamp, StoreError> {
    if let Some(now) = tx.shared_clock() {
        return Ok(now);
    }
    match tx.dialect() {
        Dialect::Sqlite => Ok(ours),
        Dialect::Postgres => {
            let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
            Ok(tx.query_one(sql, &[], |row| row.time(0))?.unwrap_or(ours))
        }
    }
}

/// Begins a new boot of the node, with its number. What earlier boots still held is claimable at once.
pub fn start(tx: &mut dyn Tx, node: Id, now: Timestamp, lease: Duration) -> Result<i64, StoreError> {
    let until = lease_clock(tx, now)?.plus_micros(micros(lease));
    let sql = "INSERT INTO nodes (id, boot, lease_until) VALUES ($1, 1, $2)
        ON CONFLICT (id) DO UPDATE SET boot = nodes.boot + 1, lease_until = excluded.lease_until RETURNING boot";
    let boot = tx.query_one(sql, &[node.into(), until.into()], |row| row.int(0))?;
    let boot = boot.ok_or_else(|| StoreError::Sql(format!("node {node} got no boot number")))?;
    hand_back(tx, node, boot - 1)?;
    Ok(boot)
}

/// `false`: another process has started as this node.
pub fn renew(tx: &mut dyn Tx, node: Id, boot: i64, now: Timestamp, lease: Duration) -> Result<bool, StoreError> {
    let until = lease_clock(tx, now)?.plus_micros(micros(lease));
    let sql = "UPDATE nodes SET lease_until = $1 WHERE id = $2 AND boot = $3";
    Ok(tx.execute(sql, &[until.into(), node.into(), boot.into()])? == 1)
}

/// A clean end: everything is handed back at once, and the interrupted starts do not count.
pub fn end(tx: &mut dyn Tx, node: Id, boot: i64) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET starts = starts - 1 WHERE node_id = $1 AND boot = $2";
    tx.execute(sql, &[node.into(), boot.into()])?;
    hand_back(tx, node, boot)?;
    let sql = "UPDATE nodes SET lease_until = NULL WHERE id = $1 AND boot = $2";
    tx.execute(sql, &[node.into(), boot.into()])?;
    Ok(())
}

/// Makes claimable what other nodes hold whose lease has ended; answers with how many they are. `now` is by the lease clock.
pub(super) fn take_back(tx: &mut dyn Tx, node: Id, now: Timestamp) -> Result<usize, StoreError> {
    // The lease first: a node that renews it at this moment keeps what it has.
    let sql = "UPDATE nodes SET lease_until = NULL WHERE lease_until < $1 AND id <> $2 RETURNING id, boot";
    let ended = tx.query(sql, &[now.into(), node.into()], |row| Ok((row.id(0)?, row.int(1)?)))?;
    for (node, boot) in &ended {
        tracing::warn!(%node, boot, "the lease of a node has ended; its executions go on elsewhere");
        hand_back(tx, *node, *boot)?;
    }
    Ok(ended.len())
}

pub(super) fn any_ended(tx: &mut dyn Tx, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM nodes WHERE lease_until < $1 LIMIT 1";
    Ok(tx.query_one(sql, &[now.into()], |_| Ok(()))?.is_some())
}

/// Reads all jobs: rare, and what a node holds is only as much as it has slots.
fn hand_back(tx: &mut dyn Tx, node: Id, boot_max: i64) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET node_id = NULL, boot = NULL WHERE node_id = $1 AND boot <= $2";
    tx.execute(sql, &[node.into(), Param::Int(boot_max)])?;
    Ok(())
}

/// Makes claimable what was held when a backup was made; nobody in the restored store holds anything. As where a node ends cleanly, the
/// interrupted starts do not count. Answers with how many.
pub(crate) fn hand_back_all(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    tx.execute("UPDATE jobs SET node_id = NULL, boot = NULL, starts = starts - 1 WHERE node_id IS NOT NULL", &[])
}

/// Makes claimable what is held under a lease that has ended or an earlier boot, however it came to be; answers with how
/// many. A node that stopped for a while claims and accepts until it notices, and by then its lease has been taken back
/// already. Only a hint is lost where somebody still lives: its result is refused by the epoch of the next claim.
pub fn sweep(tx: &mut dyn Tx, node: Id, boot: i64, now: Timestamp) -> Result<u64, StoreError> {
    let now = lease_clock(tx, now)?;
    let sql = "UPDATE jobs SET node_id = NULL, boot = NULL
        WHERE node_id IS NOT NULL AND NOT (node_id = $1 AND boot = $2) AND NOT EXISTS
            (SELECT 1 FROM nodes n WHERE n.id = jobs.node_id AND n.boot = jobs.boot AND n.lease_until >= $3)";
    tx.execute(sql, &[node.into(), boot.into(), now.into()])
}

/// Whether [`sweep`] would find anything.
pub fn any_lost(tx: &mut dyn Tx, node: Id, boot: i64, now: Timestamp) -> Result<bool, StoreError> {
    let now = lease_clock(tx, now)?;
    let sql = "SELECT 1 FROM jobs
        WHERE node_id IS NOT NULL AND NOT (node_id = $1 AND boot = $2) AND NOT EXISTS
            (SELECT 1 FROM nodes n WHERE n.id = jobs.node_id AND n.boot = jobs.boot AND n.lease_until >= $3) LIMIT 1";
    Ok(tx.query_one(sql, &[node.into(), boot.into(), now.into()], |_| Ok(()))?.is_some())
}

fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}
