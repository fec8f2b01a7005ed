//! Tasks that a new definition moves or changes, all in the transaction that saves it.

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::FilterKey;

use super::task_values;
use super::tasks::read_task;
use crate::{Dialect, Param, StoreError, Tx};

/// Some tasks of a workflow after `after`, in the order made, each with how many of its timers end with its stage. With `lock` they stay
/// as they are until the transaction ends.
pub fn page(tx: &mut dyn Tx, workflow: Id, after: Option<Id>, limit: i64, lock: bool) -> Result<Vec<(Task, i64)>, StoreError> {
    // SQLite has one writer.
    let sql = match tx.dialect() {
        Dialect::Postgres if lock => {
            "SELECT id, workflow_id, stage_id, assignee_id, version, created_at, updated_at, created_by_kind, created_by_id, performers,
                field_values, timers FROM tasks WHERE workflow_id = $1 AND id > $2 ORDER BY id LIMIT $3 FOR NO KEY UPDATE"
        }
        _ => {
            "SELECT id, workflow_id, stage_id, assignee_id, version, created_at, updated_at, created_by_kind, created_by_id, performers,
                field_values, timers FROM tasks WHERE workflow_id = $1 AND id > $2 ORDER BY id LIMIT $3"
        }
    };
    let after = after.map_or(-1, Id::as_i64);
    tx.query(sql, &[workflow.into(), after.into(), limit.into()], |row| Ok((read_task(row)?, row.int(11)?)))
}

/// What lists and look-ups find a task by is another, though the task is the same.
pub fn rekey(tx: &mut dyn Tx, task: &Task, unique_key: Option<&str>, removed: &[FilterKey], added: &[FilterKey]) -> Result<(), StoreError> {
    tx.send("UPDATE tasks SET unique_key = $1 WHERE id = $2", &[unique_key.into(), task.id.into()])?;
    task_values::replace(tx, task.workflow, task.id, removed, added)
}

/// Another field is the Unique ID, or none: two tasks may swap theirs.
pub fn forget_unique_keys(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    tx.send("UPDATE tasks SET unique_key = NULL WHERE workflow_id = $1 AND unique_key IS NOT NULL", &[workflow.into()])
}

/// The next number that is given out is greater than this one.
pub fn raise_unique_number(tx: &mut dyn Tx, workflow: Id, least: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO unique_numbers (workflow_id, last) VALUES ($1, $2)
        ON CONFLICT (workflow_id) DO UPDATE SET last = excluded.last WHERE unique_numbers.last < excluded.last";
    tx.send(sql, &[workflow.into(), least.into()])
}

/// Changes that are scheduled to a stage go to another.
pub fn redirect_timers(tx: &mut dyn Tx, workflow: Id, from: Id, to: Id, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE timers SET stage_id = $1, stage_name = $2 WHERE workflow_id = $3 AND stage_id = $4";
    tx.send(sql, &[to.into(), name.into(), workflow.into(), from.into()])
}

/// Scheduled changes that end when the tasks of a stage leave it.
pub fn count_timers_from(tx: &mut dyn Tx, workflow: Id, stage: Id) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM timers WHERE workflow_id = $1 AND from_stage_id = $2 AND keep = 0";
    Ok(tx.query_one(sql, &[workflow.into(), stage.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Scheduled changes to a stage.
pub fn count_timers_to(tx: &mut dyn Tx, workflow: Id, stage: Id) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM timers WHERE workflow_id = $1 AND stage_id = $2";
    Ok(tx.query_one(sql, &[workflow.into(), stage.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Tasks that have ticked or assigned items of the checklist templates, by item.
pub fn count_ticks(tx: &mut dyn Tx, workflow: Id) -> Result<Vec<(Id, i64)>, StoreError> {
    let sql = "SELECT c.item_id, count(*) FROM tasks t JOIN checklist_items c ON c.task_id = t.id
        WHERE t.workflow_id = $1 AND c.title IS NULL AND (c.status <> $2 OR c.assignee_id IS NOT NULL) GROUP BY c.item_id";
    tx.query(sql, &[workflow.into(), Param::Text("Blank")], |row| Ok((row.id(0)?, row.int(1)?)))
}
