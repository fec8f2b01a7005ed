//! How many tasks a workflow has by stage and assignee: kept with each change of them, in its transaction, so that a count is exact and
//! needs no look at the tasks.
//!
//! On SQLite, which has one writer, a change is added to the row of its count. On PostgreSQL that row would be a lock for which all who
//! move tasks between the same stages wait until the other's commit: there a change is a row of its own, a count is its row and all
//! changes to it together, and [`fold`] adds them up soon after.

use baton_core::ids::Id;
use baton_core::task::Task;

use crate::{Dialect, Param, StoreError, Tx};

/// Where an assignee's id would be. No id is negative.
const NOBODY: i64 = -1;
/// Only one node of a cluster folds at a time.
const FOLDER: i64 = 0x0062_6174_6f6f;

/// Of each stage and assignee that have any; `None` is nobody.
pub fn of_workflow(tx: &mut dyn Tx, workflow: Id) -> Result<Vec<(Id, Option<Id>, i64)>, StoreError> {
    let sql = "SELECT stage_id, assignee_id, CAST(sum(tasks) AS BIGINT) FROM (
            SELECT stage_id, assignee_id, tasks FROM task_counts WHERE workflow_id = $1
            UNION ALL SELECT stage_id, assignee_id, tasks FROM task_count_changes WHERE workflow_id = $1) kept
        GROUP BY stage_id, assignee_id HAVING sum(tasks) <> 0 ORDER BY stage_id, assignee_id";
    tx.query(sql, &[workflow.into()], |row| Ok((row.id(0)?, Id::from_i64(row.int(1)?), row.int(2)?)))
}

/// Of one who is assigned to them, by stage.
pub fn of_assignee(tx: &mut dyn Tx, workflow: Id, user: Id) -> Result<Vec<(Id, i64)>, StoreError> {
    let sql = "SELECT stage_id, CAST(sum(tasks) AS BIGINT) FROM (
            SELECT stage_id, tasks FROM task_counts WHERE workflow_id = $1 AND assignee_id = $2
            UNION ALL SELECT stage_id, tasks FROM task_count_changes WHERE workflow_id = $1 AND assignee_id = $2) kept
        GROUP BY stage_id HAVING sum(tasks) <> 0 ORDER BY stage_id";
    tx.query(sql, &[workflow.into(), user.into()], |row| Ok((row.id(0)?, row.int(1)?)))
}

pub fn in_stage(tx: &mut dyn Tx, workflow: Id, stage: Id) -> Result<i64, StoreError> {
    let counts = of_workflow(tx, workflow)?;
    Ok(counts.iter().filter(|(of, _, _)| *of == stage).map(|(_, _, tasks)| tasks).sum())
}

pub(super) fn add(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    change(tx, task, 1)
}

pub(super) fn take_away(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    change(tx, task, -1)
}

fn change(tx: &mut dyn Tx, task: &Task, by: i64) -> Result<(), StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO task_counts (workflow_id, assignee_id, stage_id, tasks) VALUES ($1, $2, $3, $4)
                ON CONFLICT (workflow_id, assignee_id, stage_id) DO UPDATE SET tasks = task_counts.tasks + excluded.tasks"
        }
        Dialect::Postgres => "INSERT INTO task_count_changes (workflow_id, assignee_id, stage_id, tasks) VALUES ($1, $2, $3, $4)",
    };
    tx.send(sql, &[task.workflow.into(), assignee(task), task.stage.into(), by.into()])
}

/// One statement, as it is part of nearly every execution; none where neither stage nor assignee is another.
pub(super) fn shift(tx: &mut dyn Tx, before: &Task, after: &Task) -> Result<(), StoreError> {
    if (before.stage, before.assignee) == (after.stage, after.assignee) {
        return Ok(());
    }
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO task_counts (workflow_id, assignee_id, stage_id, tasks) VALUES ($1, $2, $3, -1), ($1, $4, $5, 1)
                ON CONFLICT (workflow_id, assignee_id, stage_id) DO UPDATE SET tasks = task_counts.tasks + excluded.tasks"
        }
        Dialect::Postgres => {
            "INSERT INTO task_count_changes (workflow_id, assignee_id, stage_id, tasks) VALUES ($1, $2, $3, -1), ($1, $4, $5, 1)"
        }
    };
    tx.send(sql, &[after.workflow.into(), assignee(before), before.stage.into(), assignee(after), after.stage.into()])
}

fn assignee(task: &Task) -> Param<'static> {
    Param::Int(task.assignee.map_or(NOBODY, Id::as_i64))
}

/// Adds at most `limit` changes to their counts; answers with how many. In one statement, so that whoever counts meanwhile sees each
/// change once. Nothing to do on SQLite.
pub fn fold(tx: &mut dyn Tx, limit: i64) -> Result<u64, StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    let alone = tx.query_one("SELECT pg_try_advisory_xact_lock($1)::int::bigint", &[FOLDER.into()], |row| row.bool(0))?;
    if alone != Some(true) {
        return Ok(0);
    }
    let sql = "WITH taken AS (
            DELETE FROM task_count_changes WHERE ctid = ANY (ARRAY(SELECT ctid FROM task_count_changes LIMIT $1))
                RETURNING workflow_id, assignee_id, stage_id, tasks),
        folded AS (
            INSERT INTO task_counts (workflow_id, assignee_id, stage_id, tasks)
                SELECT workflow_id, assignee_id, stage_id, sum(tasks) FROM taken GROUP BY workflow_id, assignee_id, stage_id
                ON CONFLICT (workflow_id, assignee_id, stage_id) DO UPDATE SET tasks = task_counts.tasks + excluded.tasks)
        SELECT count(*) FROM taken";
    let folded = tx.query_one(sql, &[limit.into()], |row| row.int(0))?;
    Ok(folded.unwrap_or(0).unsigned_abs())
}

/// The end of a workflow that has no tasks any more.
pub(super) fn forget(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        // Who folds at this moment would put a count back that is deleted here.
        tx.send("SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) alone", &[FOLDER.into()])?;
    }
    tx.send("DELETE FROM task_counts WHERE workflow_id = $1", &[workflow.into()])?;
    tx.send("DELETE FROM task_count_changes WHERE workflow_id = $1", &[workflow.into()])
}
