//! Workflows that are deleted: gone at once, and cleared away in pieces by whoever comes.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;

use super::tasks::{self, read_task};
use super::{imports, people, task_counts};
use crate::{Dialect, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedWorkflow {
    pub id: Id,
    pub workspace: Id,
    pub by: Actor,
    /// The request that deleted it.
    pub request: Option<String>,
}

/// From this transaction on there is no such workflow: whatever is looked for in it is looked for through its row.
pub fn insert(tx: &mut dyn Tx, deleted: &DeletedWorkflow, at: Timestamp) -> Result<(), StoreError> {
    let gone = format!("workflow {} is gone already", deleted.id);
    tx.send_one(
        "DELETE FROM workflows WHERE id = $1 AND workspace_id = $2",
        &[deleted.id.into(), deleted.workspace.into()],
        StoreError::Sql(gone),
    )?;
    let sql = "INSERT INTO deleted_workflows (id, workspace_id, deleted_at, deleted_by_kind, deleted_by_id, request)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let params = [
        deleted.id.into(),
        deleted.workspace.into(),
        at.into(),
        deleted.by.kind().into(),
        deleted.by.id().into(),
        deleted.request.as_deref().into(),
    ];
    tx.send(sql, &params)?;
    people::remove_collaborators(tx, deleted.workspace, deleted.id)
}

/// Whether there is anything to clear away; a cheap look, since every node asks often.
pub fn any(tx: &mut dyn Tx) -> Result<bool, StoreError> {
    Ok(tx.query_one("SELECT 1 FROM deleted_workflows LIMIT 1", &[], |_| Ok(()))?.is_some())
}

/// One that nobody else clears away at this moment.
pub fn next(tx: &mut dyn Tx) -> Result<Option<DeletedWorkflow>, StoreError> {
    // Two nodes must not wait for each other; SQLite has one writer and no such clause.
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT id, workspace_id, deleted_by_kind, deleted_by_id, request FROM deleted_workflows ORDER BY deleted_at, id LIMIT 1"
        }
        Dialect::Postgres => {
            "SELECT id, workspace_id, deleted_by_kind, deleted_by_id, request FROM deleted_workflows ORDER BY deleted_at, id LIMIT 1
                FOR UPDATE SKIP LOCKED"
        }
    };
    tx.query_one(sql, &[], |row| {
        Ok(DeletedWorkflow { id: row.id(0)?, workspace: row.id(1)?, by: row.actor(2)?, request: row.opt_text(4)?.map(str::to_owned) })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionRow {
    pub id: Id,
    pub task: Id,
    pub pending: bool,
}

/// Some of its executions, the newest first, for those are the ones that wait.
pub fn executions(tx: &mut dyn Tx, workflow: Id, limit: i64) -> Result<Vec<ExecutionRow>, StoreError> {
    let sql = "SELECT id, task_id, status FROM executions WHERE workflow_id = $1 ORDER BY id DESC LIMIT $2";
    tx.query(sql, &[workflow.into(), limit.into()], |row| {
        Ok(ExecutionRow { id: row.id(0)?, task: row.id(1)?, pending: row.text(2)? == "Pending" })
    })
}

/// Whoever holds it has lost it. Before the execution is written, as whoever runs one takes them in this order.
pub fn delete_job(tx: &mut dyn Tx, execution: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM jobs WHERE id = $1", &[execution.into()])
}

/// Takes away an execution with its calls.
pub fn delete_execution(tx: &mut dyn Tx, execution: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM calls WHERE execution_id = $1", &[execution.into()])?;
    tx.send("DELETE FROM executions WHERE id = $1", &[execution.into()])
}

/// Some of its tasks, each locked.
pub fn tasks(tx: &mut dyn Tx, workflow: Id, limit: i64) -> Result<Vec<Task>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT id, workflow_id, stage_id, assignee_id, version, created_at, updated_at, created_by_kind, created_by_id, performers,
                field_values FROM tasks WHERE workflow_id = $1 ORDER BY id LIMIT $2"
        }
        Dialect::Postgres => {
            "SELECT id, workflow_id, stage_id, assignee_id, version, created_at, updated_at, created_by_kind, created_by_id, performers,
                field_values FROM tasks WHERE workflow_id = $1 ORDER BY id LIMIT $2 FOR UPDATE"
        }
    };
    tx.query(sql, &[workflow.into(), limit.into()], read_task)
}

/// Takes away a task with all that hangs on it, and the values in its history.
pub fn delete_task(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    tasks::remove(tx, task)
}

/// The end of it, when nothing hangs on it any more.
pub fn finish(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    task_counts::forget(tx, workflow)?;
    imports::give_up_all(tx, workflow)?;
    for sql in [
        "DELETE FROM task_values WHERE workflow_id = $1",
        "DELETE FROM unique_numbers WHERE workflow_id = $1",
        "DELETE FROM definitions WHERE workflow_id = $1",
        "DELETE FROM deleted_workflows WHERE id = $1",
    ] {
        tx.send(sql, &[workflow.into()])?;
    }
    Ok(())
}
