//! Executions as they were accepted and how they ended.

use std::time::Duration;

use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status, StepRecord, StepStatus};
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::told::Told;

use super::query::Query;
use super::row::to_json;
use crate::{Param, Row, StoreError, Tx};

pub fn insert(tx: &mut dyn Tx, execution: &Execution) -> Result<(), StoreError> {
    let sql = "INSERT INTO executions (id, workspace_id, workflow_id, task_id, action_id, revision, sequence,
            performer_kind, performer_id, asked_by_kind, asked_by_id, request, created_at, status, retry_of, steps,
            quoted_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let steps = (!execution.steps.is_empty()).then(|| to_json(&execution.steps));
    let params = [
        execution.id.into(),
        execution.workspace.into(),
        execution.workflow.into(),
        execution.task.into(),
        execution.action.into(),
        execution.revision.into(),
        execution.sequence.into(),
        execution.performer.kind().into(),
        execution.performer.id().into(),
        execution.asked_by.kind().into(),
        execution.asked_by.id().into(),
        execution.request.as_deref().into(),
        execution.created_at.into(),
        execution.status.name().into(),
        execution.retry_of.into(),
        steps.as_deref().into(),
        execution.quoted_version.into(),
    ];
    tx.send(sql, &params)
}

/// As a caller asks for it: another workspace's or workflow's, or a deleted one's, is exactly like an unknown one.
pub fn get(tx: &mut dyn Tx, workspace: Id, workflow: Id, id: Id) -> Result<Option<Execution>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, action_id, revision, sequence, performer_kind, performer_id,
            asked_by_kind, asked_by_id, request, created_at, status, finished_at, errors, steps, retry_of, cancelled_by, spent, snapshot,
            quoted_version
        FROM executions WHERE id = $1 AND workspace_id = $2 AND workflow_id = $3
            AND EXISTS (SELECT 1 FROM workflows w WHERE w.id = executions.workflow_id)";
    tx.query_one(sql, &[id.into(), workspace.into(), workflow.into()], read)
}

/// The execution of a job, which must be there.
pub fn load(tx: &mut dyn Tx, id: Id) -> Result<Execution, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, action_id, revision, sequence, performer_kind, performer_id,
            asked_by_kind, asked_by_id, request, created_at, status, finished_at, errors, steps, retry_of, cancelled_by, spent, snapshot,
            quoted_version
        FROM executions WHERE id = $1";
    let missing = || StoreError::Corrupt { table: "executions", id: id.to_string(), what: "is missing".to_owned() };
    tx.query_one(sql, &[id.into()], read)?.ok_or_else(missing)
}

pub(super) fn read(row: &dyn Row) -> Result<Execution, StoreError> {
    Ok(Execution {
        id: row.id(0)?,
        workspace: row.id(1)?,
        workflow: row.id(2)?,
        task: row.id(3)?,
        action: row.id(4)?,
        revision: row.int(5)?,
        sequence: row.int(6)?,
        performer: row.actor(7)?,
        asked_by: row.actor(9)?,
        request: row.opt_text(11)?.map(str::to_owned),
        created_at: row.time(12)?,
        status: status(row, 13)?,
        steps: if row.opt_text(16)?.is_some() { row.json(16)? } else { Vec::new() },
        retry_of: row.opt_id(17)?,
        cancelled_by: row.opt_text(18)?.map(str::to_owned),
        spent: Duration::from_micros(row.int(19)?.unsigned_abs()),
        snapshot: if row.opt_text(20)?.is_some() { Some(row.json(20)?) } else { None },
        quoted_version: row.opt_int(21)?,
    })
}

/// Status, end and errors take three columns.
fn status(row: &dyn Row, column: usize) -> Result<Status, StoreError> {
    let finished_at = || row.time(column + 1);
    match row.text(column)? {
        "Pending" => Ok(Status::Pending),
        "Success" => Ok(Status::Success { finished_at: finished_at()? }),
        "Fail" => Ok(Status::Fail { finished_at: finished_at()?, errors: row.json(column + 2)? }),
        other => {
            let what = format!("status is {other:?}");
            Err(StoreError::Corrupt { table: "executions", id: row.id(0)?.to_string(), what })
        }
    }
}

/// Which executions of a workflow a list has; parts are joined with and.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Also one that has been deleted.
    pub task: Option<Id>,
    pub action: Option<Id>,
    pub status: Option<StatusIs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusIs {
    Pending,
    Success,
    Fail,
}

/// An execution as lists show it, without its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub id: Id,
    pub task: Id,
    pub action: Id,
    pub revision: i64,
    pub performer: Actor,
    pub created_at: Timestamp,
    pub status: Status,
    pub retry_of: Option<Id>,
}

/// A page of a workflow's executions, newest first, of at most `limit` that are older than `before`.
pub fn page(
    tx: &mut dyn Tx,
    workspace: Id,
    workflow: Id,
    filter: Filter,
    before: Option<Id>,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let query = page_query(workspace, workflow, filter, before, limit);
    let listed = |row: &dyn Row| {
        Ok(Listed {
            id: row.id(0)?,
            task: row.id(1)?,
            action: row.id(2)?,
            revision: row.int(3)?,
            performer: row.actor(4)?,
            created_at: row.time(6)?,
            status: status(row, 7)?,
            retry_of: row.opt_id(10)?,
        })
    };
    tx.query(&query.sql, &query.params, listed)
}

/// Executions are many and are written often, so no index serves a filter alone: those of a task are found by its history, the
/// pending ones by their jobs, which are few.
fn page_query(workspace: Id, workflow: Id, filter: Filter, before: Option<Id>, limit: usize) -> Query<'static> {
    let before = before.map_or(i64::MAX, Id::as_i64);
    let mut query = Query::new(
        "SELECT e.id, e.task_id, e.action_id, e.revision, e.performer_kind, e.performer_id, e.created_at, e.status, e.finished_at,
            e.errors, e.retry_of FROM ",
    );
    // SQLite takes the tables of a cross join in the order written.
    let newest_first = match filter {
        Filter { task: Some(task), .. } => {
            query.text("activity a CROSS JOIN executions e WHERE a.task_id = ");
            query.param(task);
            query.text(" AND a.kind = 'execution.started' AND e.id = a.execution_id AND e.id < ");
            query.param(before);
            " ORDER BY e.id DESC LIMIT "
        }
        Filter { status: Some(StatusIs::Pending), .. } => {
            query.text("jobs j CROSS JOIN executions e WHERE j.workspace_id = ");
            query.param(workspace);
            query.text(" AND e.id = j.id AND j.id < ");
            query.param(before);
            " ORDER BY j.id DESC LIMIT "
        }
        Filter { task: None, .. } => {
            query.text("executions e WHERE e.id < ");
            query.param(before);
            " ORDER BY e.id DESC LIMIT "
        }
    };
    query.text(" AND e.workflow_id = ");
    query.param(workflow);
    query.text(" AND e.workspace_id = ");
    query.param(workspace);
    query.text(match filter.status {
        None => "",
        Some(StatusIs::Pending) => " AND e.status = 'Pending'",
        Some(StatusIs::Success) => " AND e.status = 'Success'",
        Some(StatusIs::Fail) => " AND e.status = 'Fail'",
    });
    if let Some(action) = filter.action {
        query.text(" AND e.action_id = ");
        query.param(action);
    }
    query.text(newest_first);
    query.param(i64::try_from(limit).unwrap_or(i64::MAX));
    query
}

/// What the history tells of an execution that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    pub workflow: Id,
    pub action: Id,
    pub performer: Actor,
}

/// Ends an execution as failed without reading what was stored with it, for that may be what can't be read. `None`: there
/// is none, it has ended before, or not even this can be told of it.
pub fn give_up(tx: &mut dyn Tx, id: Id, finished_at: Timestamp, errors: &[Told]) -> Result<Option<GivenUp>, StoreError> {
    let sql = "UPDATE executions SET status = 'Fail', finished_at = $1, errors = $2, snapshot = NULL
        WHERE id = $3 AND status NOT IN ('Success', 'Fail') RETURNING workflow_id, action_id, performer_kind, performer_id";
    let told = |row: &dyn Row| {
        let parts = (row.id(0), row.id(1), row.actor(2));
        Ok(if let (Ok(workflow), Ok(action), Ok(performer)) = parts { Some(GivenUp { workflow, action, performer }) } else { None })
    };
    let errors = to_json(&errors);
    Ok(tx.query_one(sql, &[finished_at.into(), Param::Text(&errors), id.into()], told)?.flatten())
}

/// The final status, once: a second end of the same execution is refused, since status never goes backwards.
pub fn finish(tx: &mut dyn Tx, execution: &Execution) -> Result<(), StoreError> {
    let sql = "UPDATE executions SET status = $1, finished_at = $2, errors = $3, steps = $4, spent = $5, snapshot = NULL
        WHERE id = $6 AND status = 'Pending'";
    let (finished_at, errors) = match &execution.status {
        Status::Pending => return Err(StoreError::Sql(format!("execution {} is finished as Pending", execution.id))),
        Status::Success { finished_at } => (*finished_at, None),
        Status::Fail { finished_at, errors } => (*finished_at, Some(to_json(errors))),
    };
    let steps = to_json(&execution.steps);
    let params = [
        execution.status.name().into(),
        finished_at.into(),
        errors.as_deref().into(),
        Param::Text(&steps),
        micros(execution.spent).into(),
        execution.id.into(),
    ];
    let what = "is not there, or has ended before".to_owned();
    tx.send_one(sql, &params, StoreError::Corrupt { table: "executions", id: execution.id.to_string(), what })
}

/// Those of `ids` that have ended.
pub fn ended_among(tx: &mut dyn Tx, ids: &[Id]) -> Result<Vec<Id>, StoreError> {
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    let mut query = Query::new("SELECT id FROM executions WHERE status <> 'Pending' AND id IN ");
    // Of few lengths, since each is a statement to be prepared.
    let padded = ids.iter().chain(std::iter::repeat(last)).take(ids.len().next_power_of_two());
    query.list(padded.map(|id| Param::from(*id)));
    tx.query(&query.sql, &query.params, |row| row.id(0))
}

/// How far it has come, where it goes on later.
pub fn progress(tx: &mut dyn Tx, execution: &Execution) -> Result<(), StoreError> {
    let sql = "UPDATE executions SET steps = $1, spent = $2, snapshot = $3 WHERE id = $4 AND status = 'Pending'";
    let (steps, snapshot) = (to_json(&execution.steps), execution.snapshot.as_ref().map(to_json));
    let params = [Param::Text(&steps), micros(execution.spent).into(), snapshot.as_deref().into(), execution.id.into()];
    let what = "is not there, or has ended before".to_owned();
    tx.send_one(sql, &params, StoreError::Corrupt { table: "executions", id: execution.id.to_string(), what })
}

/// The step that it stands at, counted from 1, as far as what is stored can still be read.
pub fn position(tx: &mut dyn Tx, id: Id) -> Result<usize, StoreError> {
    let sql = "SELECT steps FROM executions WHERE id = $1";
    let steps = tx.query_one(sql, &[id.into()], |row| Ok(row.opt_text(0)?.map(str::to_owned)))?.flatten();
    let steps: Vec<StepRecord> = steps.and_then(|steps| serde_json::from_str(&steps).ok()).unwrap_or_default();
    let ended = steps.iter().take_while(|step| !matches!(step.status, StepStatus::Running | StepStatus::Pending)).count();
    Ok(ended + 1)
}

/// Marks one that has not ended; it ends before its next step. `false`: it has ended.
pub fn cancel(tx: &mut dyn Tx, id: Id, by: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE executions SET cancelled_by = coalesce(cancelled_by, $1) WHERE id = $2 AND status = 'Pending'";
    Ok(tx.execute(sql, &[by.into(), id.into()])? == 1)
}

pub fn is_cancelled(tx: &mut dyn Tx, id: Id) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM executions WHERE id = $1 AND cancelled_by IS NOT NULL";
    Ok(tx.query_one(sql, &[id.into()], |_| Ok(()))?.is_some())
}

/// The last retry of an execution.
pub fn last_retry(tx: &mut dyn Tx, of: Id) -> Result<Option<Execution>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, action_id, revision, sequence, performer_kind, performer_id,
            asked_by_kind, asked_by_id, request, created_at, status, finished_at, errors, steps, retry_of, cancelled_by, spent, snapshot,
            quoted_version
        FROM executions WHERE retry_of = $1 ORDER BY sequence DESC LIMIT 1";
    tx.query_one(sql, &[of.into()], read)
}

fn micros(spent: Duration) -> i64 {
    i64::try_from(spent.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Place, Store};

    fn plan(filter: Filter) -> Vec<String> {
        let store = Store::open(Options::new(Place::Memory)).unwrap();
        let id = |raw| Id::from_i64(raw).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let explain = move |tx: &mut dyn Tx| {
            let query = page_query(id(1), id(2), filter, None, 50);
            tx.query(&format!("EXPLAIN QUERY PLAN {}", query.sql), &query.params, |row| Ok(row.text(3)?.to_owned()))
        };
        runtime.block_on(store.read(explain)).unwrap()
    }

    #[test]
    fn a_page_reads_no_table_from_end_to_end() {
        let (task, action) = (Id::from_i64(7), Id::from_i64(8));
        let status = |status| Filter { status: Some(status), ..Filter::default() };
        let of_workflow = "SEARCH e USING INDEX executions_of_workflow (workflow_id=? AND id<?)";
        let of_job = ["SEARCH j USING INTEGER PRIMARY KEY (rowid<?)", "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"];
        let of_task = [
            "SEARCH a USING INDEX activity_of_task (task_id=?)",
            "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)",
            "USE TEMP B-TREE FOR ORDER BY",
        ];
        assert_eq!(plan(Filter::default()), [of_workflow]);
        assert_eq!(plan(Filter { action, ..Filter::default() }), [of_workflow]);
        assert_eq!(plan(status(StatusIs::Success)), [of_workflow]);
        assert_eq!(plan(status(StatusIs::Fail)), ["SEARCH e USING INDEX executions_failed (workflow_id=? AND id<?)"]);
        assert_eq!(plan(status(StatusIs::Pending)), of_job);
        assert_eq!(plan(Filter { task, ..Filter::default() }), of_task);
        assert_eq!(plan(Filter { task, action, status: Some(StatusIs::Pending) }), of_task);
    }
}
