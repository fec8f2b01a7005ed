//! The history: appended with what it tells of, sealed into one chain a workspace.

use std::collections::HashMap;

use baton_core::activity::{Activity, Hash, Kind, chain, hash};
use baton_core::ids::Id;

use crate::{Dialect, Param, Row, StoreError, Tx};

pub use super::verify::{Fault, Verified, verify};

/// A row of the history as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRow {
    pub activity: Activity,
    /// Its place in the workspace's history; `None` until it is sealed.
    pub sequence: Option<i64>,
    /// Values and salt are gone with the task.
    pub erased: bool,
}

/// Appends rows. On SQLite they are sealed in the same commit; on PostgreSQL a chain head taken here would be a lock for
/// the whole workspace, so [`seal`] does it soon after.
pub fn append(tx: &mut dyn Tx, rows: &[Activity]) -> Result<(), StoreError> {
    let mut head: Option<Head> = None;
    // Where each task is deleted: its rows before that keep their hash only, like its older ones.
    let deleted: HashMap<Id, usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.kind == Kind::TaskDeleted)
        .filter_map(|(index, row)| Some((row.task?, index)))
        .collect();
    for (index, row) in rows.iter().enumerate() {
        let row_hash = hash(row);
        let place = match tx.dialect() {
            Dialect::Postgres => None,
            Dialect::Sqlite => {
                let mut now = match head.take() {
                    Some(head) if head.workspace == row.workspace => head,
                    other => {
                        other.map_or(Ok(()), |head| head.save(tx))?;
                        Head::load(tx, row.workspace)?
                    }
                };
                now.add(&row_hash);
                Some(&*head.insert(now))
            }
        };
        insert(tx, row, row.task.and_then(|task| deleted.get(&task)).is_some_and(|end| index < *end), &row_hash, place)?;
    }
    head.map_or(Ok(()), |head| head.save(tx))
}

fn insert(tx: &mut dyn Tx, row: &Activity, erased: bool, hash: &Hash, place: Option<&Head>) -> Result<(), StoreError> {
    let sql = "INSERT INTO activity (id, workspace_id, workflow_id, task_id, version, at, actor_kind, actor_id, request,
            execution_id, kind, before_values, after_values, salt, hash, erased, sequence, chain)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let (before, after) = if erased { (None, None) } else { (row.before.as_deref(), row.after.as_deref()) };
    let params = [
        row.id.into(),
        row.workspace.into(),
        row.workflow.into(),
        row.task.into(),
        row.version.into(),
        row.at.into(),
        row.actor.kind().into(),
        row.actor.id().into(),
        row.request.as_deref().into(),
        row.execution.into(),
        row.kind.name().into(),
        before.into(),
        after.into(),
        if erased { Param::Null } else { Param::Bytes(&row.salt) },
        hash.into(),
        erased.into(),
        place.map(|head| head.sequence).into(),
        place.map(|head| &head.chain).into(),
    ];
    tx.send(sql, &params)
}

/// Where a workspace's chain ends.
pub(super) struct Head {
    pub workspace: Id,
    pub sequence: i64,
    pub chain: Hash,
}

impl Head {
    pub fn load(tx: &mut dyn Tx, workspace: Id) -> Result<Head, StoreError> {
        let sql = "SELECT sequence, chain FROM activity_heads WHERE workspace_id = $1";
        let found = tx.query_one(sql, &[workspace.into()], |row| Ok((row.int(0)?, row.array(1)?)))?;
        let (sequence, chain) = found.unwrap_or((0, [0; 32]));
        Ok(Head { workspace, sequence, chain })
    }

    fn add(&mut self, row: &Hash) {
        self.sequence += 1;
        self.chain = chain(&self.chain, self.sequence, row);
    }

    fn save(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let sql = "INSERT INTO activity_heads (workspace_id, sequence, chain) VALUES ($1, $2, $3)
            ON CONFLICT (workspace_id) DO UPDATE SET sequence = excluded.sequence, chain = excluded.chain";
        tx.send(sql, &[self.workspace.into(), self.sequence.into(), Param::Bytes(&self.chain)])
    }
}

/// Seals at most `limit` committed rows of all workspaces; answers with how many. Nothing to do on SQLite.
pub fn seal(tx: &mut dyn Tx, limit: i64) -> Result<u64, StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    // One sealer at a time in the whole cluster; who comes second has nothing to do.
    const SEALER: i64 = 0x0062_6174_6f6e;
    let alone = tx.query_one("SELECT pg_try_advisory_xact_lock($1)::int::bigint", &[SEALER.into()], |row| row.bool(0))?;
    if alone != Some(true) {
        return Ok(0);
    }
    let sql = "SELECT workspace_id, id, hash FROM activity WHERE sequence IS NULL ORDER BY id LIMIT $1";
    let mut rows = tx.query(sql, &[limit.into()], |row| Ok((row.id(0)?, row.id(1)?, row.array(2)?)))?;
    rows.sort_by_key(|(workspace, id, _)| (*workspace, *id));
    for rows in rows.chunk_by(|one, other| one.0 == other.0) {
        seal_rows(tx, rows)?;
    }
    Ok(rows.len() as u64)
}

/// Seals what a backup of PostgreSQL had before its sealer: SQLite has none that would come for it.
pub(crate) fn seal_restored(tx: &mut dyn Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(());
    }
    loop {
        let sql = "SELECT workspace_id, id, hash FROM activity WHERE sequence IS NULL ORDER BY id LIMIT 1000";
        let rows = tx.query(sql, &[], |row| Ok((row.id(0)?, row.id(1)?, row.array(2)?)))?;
        if rows.is_empty() {
            return Ok(());
        }
        for (workspace, id, hash) in rows {
            let mut head = Head::load(tx, workspace)?;
            head.add(&hash);
            let sql = "UPDATE activity SET sequence = $1, chain = $2 WHERE id = $3";
            tx.execute(sql, &[head.sequence.into(), Param::Bytes(&head.chain), id.into()])?;
            head.save(tx)?;
        }
    }
}

/// Rows of one workspace. PostgreSQL only, and so with its arrays: one statement for all.
fn seal_rows(tx: &mut dyn Tx, rows: &[(Id, Id, Hash)]) -> Result<(), StoreError> {
    let mut head = Head::load(tx, rows[0].0)?;
    let first = head.sequence;
    let (mut ids, mut chains) = (String::new(), String::new());
    for (_, id, hash) in rows {
        head.add(hash);
        let comma = if ids.is_empty() { "" } else { "," };
        ids.push_str(&format!("{comma}{}", id.as_i64()));
        chains.push_str(comma);
        chains.extend(head.chain.iter().map(|byte| format!("{byte:02x}")));
    }
    let sql = "UPDATE activity SET sequence = $1 + sealed.place, chain = decode(sealed.chain, 'hex')
        FROM unnest(string_to_array($2, ',')::bigint[], string_to_array($3, ',')) WITH ORDINALITY AS sealed (id, chain, place)
        WHERE activity.id = sealed.id AND activity.sequence IS NULL";
    let sealed = tx.execute(sql, &[first.into(), Param::Text(&ids), Param::Text(&chains)])?;
    if sealed != rows.len() as u64 {
        return Err(StoreError::Sql(format!("{sealed} of {} rows of the history could be sealed", rows.len())));
    }
    head.save(tx)
}

/// A task's own history by its version, those after `after` (version and id of the last one seen), sealed or not.
pub fn of_task(tx: &mut dyn Tx, workspace: Id, task: Id, after: Option<(i64, Id)>, limit: usize) -> Result<Vec<ActivityRow>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, version, at, actor_kind, actor_id, request, execution_id, kind,
            before_values, after_values, salt, erased, sequence
        FROM activity WHERE task_id = $1 AND workspace_id = $2 AND (version, id) > ($3, $4) ORDER BY version, id LIMIT $5";
    let (version, id) = after.map_or((-1, -1), |(version, id)| (version, id.as_i64()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(sql, &[task.into(), workspace.into(), version.into(), id.into(), limit.into()], read)
}

/// The first sixteen columns, in the order that every query of whole rows has them.
pub(super) fn read(row: &dyn Row) -> Result<ActivityRow, StoreError> {
    let erased = row.bool(14)?;
    let activity = Activity {
        id: row.id(0)?,
        workspace: row.id(1)?,
        workflow: row.opt_id(2)?,
        task: row.opt_id(3)?,
        version: row.int(4)?,
        at: row.time(5)?,
        actor: row.actor(6)?,
        request: row.opt_text(8)?.map(str::to_owned),
        execution: row.opt_id(9)?,
        kind: row.named(10, "a kind of activity", Kind::named)?,
        before: row.opt_text(11)?.map(str::to_owned),
        after: row.opt_text(12)?.map(str::to_owned),
        salt: if row.opt_bytes(13)?.is_some() { row.array(13)? } else { [0; 16] },
    };
    Ok(ActivityRow { activity, sequence: row.opt_int(15)?, erased })
}

/// Takes values and salts out of a task's rows; their hashes stay, so the chain still holds.
pub(super) fn erase_task(tx: &mut dyn Tx, task: Id) -> Result<(), StoreError> {
    let sql = "UPDATE activity SET before_values = NULL, after_values = NULL, salt = NULL, erased = 1 WHERE task_id = $1";
    tx.send(sql, &[task.into()])
}
