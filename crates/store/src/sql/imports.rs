//! Imports: what is known of each, and its rows in pieces until they are tasks.

use baton_core::actor::Actor;
use baton_core::csv::Target;
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::told::Told;

use super::query::Query;
use super::row::to_json;
use crate::{Dialect, Param, Row, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: Id,
    pub workspace: Id,
    pub workflow: Id,
    pub status: Status,
    pub dry_run: bool,
    pub actor: Actor,
    pub request: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// The names of the columns, and where each goes.
    pub header: Vec<String>,
    pub targets: Vec<Option<Target>>,
    pub rows: i64,
    pub pieces: i64,
    /// The piece that comes next, counted from 1.
    pub next_piece: i64,
    pub counts: Counts,
    pub cancelled_by: Option<String>,
    pub errors: Vec<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody sees it: it is not whole yet, or its workflow is gone.
    Absent,
    Pending,
    Success,
    Fail,
}

/// Of the rows that have been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub done: i64,
    pub created: i64,
    pub updated: i64,
    /// Refused, or held back with others that are.
    pub failed: i64,
    pub refused: i64,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Absent, Status::Pending, Status::Success, Status::Fail];

    pub fn name(self) -> &'static str {
        match self {
            Status::Absent => "Absent",
            Status::Pending => "Pending",
            Status::Success => "Success",
            Status::Fail => "Fail",
        }
    }

    fn named(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Nobody sees it until [`accept`], and without one it goes at `clear_at`.
pub fn insert(tx: &mut dyn Tx, import: &Import, clear_at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO imports (id, workspace_id, workflow_id, status, dry_run, actor_kind, actor_id, request, created_at, header,
            targets, row_count, pieces, next_piece, done, created, updated, failed, refused, clear_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 1, 0, 0, 0, 0, 0, $12)";
    let (header, targets) = (to_json(&import.header), to_json(&import.targets));
    let params = [
        import.id.into(),
        import.workspace.into(),
        import.workflow.into(),
        import.status.name().into(),
        import.dry_run.into(),
        import.actor.kind().into(),
        import.actor.id().into(),
        import.request.as_deref().into(),
        import.created_at.into(),
        header.as_str().into(),
        targets.as_str().into(),
        clear_at.into(),
    ];
    tx.send(sql, &params)
}

/// A further piece of one that is not whole yet. `false`: it has gone meanwhile.
pub fn add(tx: &mut dyn Tx, import: Id, rows: i64, content: &str, clear_at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE imports SET row_count = row_count + $1, pieces = pieces + 1, clear_at = $2
        WHERE id = $3 AND status = 'Absent' AND clear_at > 0 RETURNING pieces";
    let number = tx.query_one(sql, &[rows.into(), clear_at.into(), import.into()], |row| row.int(0))?;
    let Some(number) = number else { return Ok(false) };
    let sql = "INSERT INTO import_pieces (import_id, number, content) VALUES ($1, $2, $3)";
    tx.send(sql, &[import.into(), number.into(), content.into()])?;
    Ok(true)
}

/// It is whole, and there for everybody. `false`: it has gone meanwhile.
pub fn accept(tx: &mut dyn Tx, import: Id) -> Result<bool, StoreError> {
    let sql = "UPDATE imports SET status = 'Pending', clear_at = NULL WHERE id = $1 AND status = 'Absent' AND clear_at > 0";
    Ok(tx.execute(sql, &[import.into()])? == 1)
}

/// One that nobody sees will not be whole.
pub fn give_up(tx: &mut dyn Tx, import: Id) -> Result<(), StoreError> {
    tx.send("UPDATE imports SET clear_at = 0 WHERE id = $1 AND status = 'Absent'", &[import.into()])
}

/// The workflow is gone, and with it all its imports. They end without a word, as there is nobody to read it.
pub fn give_up_all(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM jobs WHERE id IN (SELECT id FROM imports WHERE workflow_id = $1)";
    tx.send(sql, &[workflow.into()])?;
    tx.send("UPDATE imports SET status = 'Absent', clear_at = 0 WHERE workflow_id = $1", &[workflow.into()])
}

/// With `lock` it stays as it is until the transaction ends.
pub fn load(tx: &mut dyn Tx, id: Id, lock: bool) -> Result<Option<Import>, StoreError> {
    if lock && tx.dialect() == Dialect::Postgres {
        tx.send("SELECT 1 FROM imports WHERE id = $1 FOR UPDATE", &[id.into()])?;
    }
    let sql =
        "SELECT id, workspace_id, workflow_id, status, dry_run, actor_kind, actor_id, request, created_at, finished_at, header, targets,
            row_count, pieces, next_piece, done, created, updated, failed, refused, cancelled_by, errors
        FROM imports WHERE id = $1";
    tx.query_one(sql, &[id.into()], read)
}

/// Newest first, those before `before`.
pub fn list(tx: &mut dyn Tx, workflow: Id, before: Option<Id>, limit: usize) -> Result<Vec<Import>, StoreError> {
    let sql =
        "SELECT id, workspace_id, workflow_id, status, dry_run, actor_kind, actor_id, request, created_at, finished_at, header, targets,
            row_count, pieces, next_piece, done, created, updated, failed, refused, cancelled_by, errors
        FROM imports WHERE workflow_id = $1 AND id < $2 AND status <> 'Absent' ORDER BY id DESC LIMIT $3";
    let before = before.map_or(i64::MAX, Id::as_i64);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(sql, &[workflow.into(), before.into(), limit.into()], read)
}

fn read(row: &dyn Row) -> Result<Import, StoreError> {
    Ok(Import {
        id: row.id(0)?,
        workspace: row.id(1)?,
        workflow: row.id(2)?,
        status: row.named(3, "a status", Status::named)?,
        dry_run: row.bool(4)?,
        actor: row.actor(5)?,
        request: row.opt_text(7)?.map(str::to_owned),
        created_at: row.time(8)?,
        finished_at: row.opt_time(9)?,
        header: row.json(10)?,
        targets: row.json(11)?,
        rows: row.int(12)?,
        pieces: row.int(13)?,
        next_piece: row.int(14)?,
        counts: Counts { done: row.int(15)?, created: row.int(16)?, updated: row.int(17)?, failed: row.int(18)?, refused: row.int(19)? },
        cancelled_by: row.opt_text(20)?.map(str::to_owned),
        errors: if row.opt_text(21)?.is_some() { row.json(21)? } else { Vec::new() },
    })
}

/// Asks it to end. `false`: it has ended already.
pub fn cancel(tx: &mut dyn Tx, import: Id, by: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE imports SET cancelled_by = coalesce(cancelled_by, $1) WHERE id = $2 AND status = 'Pending'";
    Ok(tx.execute(sql, &[by.into(), import.into()])? == 1)
}

/// Its piece has been looked at. What is not imported of it stays, with the errors of its rows by their places.
pub fn progress(tx: &mut dyn Tx, import: &Import, refused: Option<&[Option<String>]>) -> Result<(), StoreError> {
    let (id, piece) = (import.id, import.next_piece - 1);
    match refused {
        None => tx.send("DELETE FROM import_pieces WHERE import_id = $1 AND number = $2", &[id.into(), piece.into()])?,
        Some(errors) => {
            let sql = "UPDATE import_pieces SET errors = $1 WHERE import_id = $2 AND number = $3";
            tx.send(sql, &[to_json(&errors).as_str().into(), id.into(), piece.into()])?;
        }
    }
    let Counts { done, created, updated, failed, refused } = import.counts;
    let sql = "UPDATE imports SET next_piece = $1, done = $2, created = $3, updated = $4, failed = $5, refused = $6 WHERE id = $7";
    let params = [import.next_piece.into(), done.into(), created.into(), updated.into(), failed.into(), refused.into(), id.into()];
    tx.send(sql, &params)
}

/// The end of it; what is left of its rows, if anything, goes at `clear_at`.
pub fn finish(
    tx: &mut dyn Tx,
    id: Id,
    status: Status,
    at: Timestamp,
    errors: &[Told],
    clear_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE imports SET status = $1, finished_at = $2, errors = $3, clear_at = $4 WHERE id = $5";
    let errors = to_json(&errors);
    tx.send(sql, &[status.name().into(), at.into(), errors.as_str().into(), clear_at.into(), id.into()])
}

/// The rows of a piece.
pub fn piece(tx: &mut dyn Tx, import: Id, number: i64) -> Result<Vec<baton_core::csv::Row>, StoreError> {
    let sql = "SELECT content FROM import_pieces WHERE import_id = $1 AND number = $2";
    let found = tx.query_one(sql, &[import.into(), number.into()], |row| row.json(0))?;
    found.ok_or_else(|| StoreError::Corrupt { table: "import_pieces", id: format!("{import}/{number}"), what: "is missing".to_owned() })
}

/// Rows that were not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub number: i64,
    pub rows: Vec<baton_core::csv::Row>,
    /// By the places of the rows; `None`: they have not been looked at.
    pub errors: Option<Vec<Option<String>>>,
}

/// The first piece after `after` that is left of an import.
pub fn left(tx: &mut dyn Tx, import: Id, after: i64) -> Result<Option<Left>, StoreError> {
    let sql = "SELECT number, content, errors FROM import_pieces WHERE import_id = $1 AND number > $2 ORDER BY number LIMIT 1";
    tx.query_one(sql, &[import.into(), after.into()], |row| {
        let errors = row.opt_text(2)?.is_some().then(|| row.json(2)).transpose()?;
        Ok(Left { number: row.int(0)?, rows: row.json(1)?, errors })
    })
}

/// Keeps tasks as a dry run would have left them, by their Unique IDs.
pub fn foresee(tx: &mut dyn Tx, import: Id, tasks: &[(String, Task)]) -> Result<(), StoreError> {
    let sql = "INSERT INTO import_foreseen (import_id, unique_key, task) VALUES ($1, $2, $3)
        ON CONFLICT (import_id, unique_key) DO UPDATE SET task = excluded.task";
    for (unique_id, task) in tasks {
        tx.send(sql, &[import.into(), unique_id.as_str().into(), to_json(task).as_str().into()])?;
    }
    Ok(())
}

/// Those of these that it has come to.
pub fn foreseen(tx: &mut dyn Tx, import: Id, unique_ids: &[impl AsRef<str>]) -> Result<Vec<(String, Task)>, StoreError> {
    let Some(last) = unique_ids.last() else { return Ok(Vec::new()) };
    let mut query = Query::new("SELECT unique_key, task FROM import_foreseen WHERE import_id = ");
    query.param(import);
    query.text(" AND unique_key IN ");
    let padded = unique_ids.iter().chain(std::iter::repeat(last)).take(unique_ids.len().next_power_of_two());
    query.list(padded.map(|unique_id| Param::Text(unique_id.as_ref())));
    tx.query(&query.sql, &query.params, |row| Ok((row.text(0)?.to_owned(), row.json(1)?)))
}

/// Whether [`clear`] would find anything; a cheap look, since every node asks often.
pub fn any_to_clear(tx: &mut dyn Tx, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM imports WHERE clear_at <= $1 LIMIT 1";
    Ok(tx.query_one(sql, &[now.into()], |_| Ok(()))?.is_some())
}

/// Takes away some of the imports that ended before that moment, once their rows are gone; answers with how many.
pub fn forget(tx: &mut dyn Tx, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
    // No index serves this but that of the ids: what ended before that moment was made before it.
    let sql = "DELETE FROM imports WHERE id IN
        (SELECT id FROM imports WHERE id < $1 AND finished_at < $2 AND clear_at IS NULL ORDER BY id LIMIT $3)";
    let first_after = Id::new(before.micros().div_euclid(1000), 0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.execute(sql, &[first_after.into(), before.into(), limit.into()])
}

/// What is foreseen is smaller than a piece.
const FORESEEN_A_PIECE: i64 = 100;

/// Throws away some pieces of an import whose time has come, or the import itself if nobody sees it. `false`: there is none, or another
/// node is at it.
pub fn clear(tx: &mut dyn Tx, now: Timestamp, pieces_max: i64) -> Result<bool, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT id, status FROM imports WHERE clear_at <= $1 ORDER BY clear_at, id LIMIT 1",
        Dialect::Postgres => "SELECT id, status FROM imports WHERE clear_at <= $1 ORDER BY clear_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
    };
    let found = tx.query_one(sql, &[now.into()], |row| Ok((row.id(0)?, row.named(1, "a status", Status::named)?)))?;
    let Some((import, status)) = found else { return Ok(false) };
    if status == Status::Absent {
        // An upload that only stood still must not go on without what is missing from here on.
        give_up(tx, import)?;
    }
    let pieces = "DELETE FROM import_pieces WHERE import_id = $1 AND number IN
        (SELECT number FROM import_pieces WHERE import_id = $1 ORDER BY number LIMIT $2)";
    let foreseen = "DELETE FROM import_foreseen WHERE import_id = $1 AND unique_key IN
        (SELECT unique_key FROM import_foreseen WHERE import_id = $1 ORDER BY unique_key LIMIT $2)";
    for (sql, most) in [(pieces, pieces_max), (foreseen, pieces_max * FORESEEN_A_PIECE)] {
        if tx.execute(sql, &[import.into(), most.into()])? > 0 {
            return Ok(true);
        }
    }
    match status {
        Status::Absent => tx.send("DELETE FROM imports WHERE id = $1", &[import.into()])?,
        Status::Pending | Status::Success | Status::Fail => {
            tx.send("UPDATE imports SET clear_at = NULL WHERE id = $1", &[import.into()])?;
        }
    }
    Ok(true)
}
