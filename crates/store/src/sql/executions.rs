//! Executions as they were accepted and how they ended.

use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::time::Timestamp;

use super::row::to_json;
use crate::{Param, Row, StoreError, Tx};

pub fn insert(tx: &mut dyn Tx, execution: &Execution) -> Result<(), StoreError> {
    let sql = "INSERT INTO executions (id, workspace_id, workflow_id, task_id, action_id, revision, sequence,
            performer_kind, performer_id, asked_by_kind, asked_by_id, request, created_at, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
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
    ];
    tx.send(sql, &params)
}

/// As a caller asks for it: another workspace's or workflow's is exactly like an unknown one.
pub fn get(tx: &mut dyn Tx, workspace: Id, workflow: Id, id: Id) -> Result<Option<Execution>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, action_id, revision, sequence, performer_kind, performer_id,
            asked_by_kind, asked_by_id, request, created_at, status, finished_at, errors
        FROM executions WHERE id = $1 AND workspace_id = $2 AND workflow_id = $3";
    tx.query_one(sql, &[id.into(), workspace.into(), workflow.into()], read)
}

/// The execution of a job, which must be there.
pub fn load(tx: &mut dyn Tx, id: Id) -> Result<Execution, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, action_id, revision, sequence, performer_kind, performer_id,
            asked_by_kind, asked_by_id, request, created_at, status, finished_at, errors
        FROM executions WHERE id = $1";
    let missing = || StoreError::Corrupt { table: "executions", id: id.to_string(), what: "is missing".to_owned() };
    tx.query_one(sql, &[id.into()], read)?.ok_or_else(missing)
}

fn read(row: &dyn Row) -> Result<Execution, StoreError> {
    let finished_at = || row.time(14);
    let status = match row.text(13)? {
        "Pending" => Status::Pending,
        "Success" => Status::Success { finished_at: finished_at()? },
        "Fail" => Status::Fail { finished_at: finished_at()?, errors: row.json(15)? },
        other => {
            let what = format!("status is {other:?}");
            return Err(StoreError::Corrupt { table: "executions", id: row.id(0)?.to_string(), what });
        }
    };
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
        status,
    })
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
pub fn give_up(tx: &mut dyn Tx, id: Id, finished_at: Timestamp, errors: &[String]) -> Result<Option<GivenUp>, StoreError> {
    let sql = "UPDATE executions SET status = 'Fail', finished_at = $1, errors = $2
        WHERE id = $3 AND status NOT IN ('Success', 'Fail') RETURNING workflow_id, action_id, performer_kind, performer_id";
    let told = |row: &dyn Row| {
        let parts = (row.id(0), row.id(1), row.actor(2));
        Ok(if let (Ok(workflow), Ok(action), Ok(performer)) = parts { Some(GivenUp { workflow, action, performer }) } else { None })
    };
    let errors = to_json(&errors);
    Ok(tx.query_one(sql, &[finished_at.into(), Param::Text(&errors), id.into()], told)?.flatten())
}

/// The final status, once: a second end of the same execution is refused, since status never goes backwards.
pub fn finish(tx: &mut dyn Tx, execution: &Execution, steps_json: &str) -> Result<(), StoreError> {
    let sql = "UPDATE executions SET status = $1, finished_at = $2, errors = $3, steps = $4 WHERE id = $5 AND status = 'Pending'";
    let (finished_at, errors) = match &execution.status {
        Status::Pending => return Err(StoreError::Sql(format!("execution {} is finished as Pending", execution.id))),
        Status::Success { finished_at } => (*finished_at, None),
        Status::Fail { finished_at, errors } => (*finished_at, Some(to_json(errors))),
    };
    let params =
        [execution.status.name().into(), finished_at.into(), errors.as_deref().into(), Param::Text(steps_json), execution.id.into()];
    let what = "is not there, or has ended before".to_owned();
    tx.send_one(sql, &params, StoreError::Corrupt { table: "executions", id: execution.id.to_string(), what })
}
