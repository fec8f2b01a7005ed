//! Workflows as lists and parts, and the end of one: archived, deleted, cleared away.

use std::sync::Arc;

use baton_core::activity::{Activity, Kind};
use baton_core::execution::Status;
use baton_core::refusal::Refusal;
use baton_store::Tx;
use baton_store::sql::deleted_workflows::{self, DeletedWorkflow};
pub use baton_store::sql::workflows::WorkflowRow;
use baton_store::sql::{executions, timers, workflows};
use parking_lot::Mutex;
use serde_json::json;

use super::runs;
use super::users::check_unnarrowed;
use crate::cache::Learned;
use crate::cx::{Cx, Found, Outcome};
use crate::engine::Shared;
use crate::worker::Claims;

/// Executions or tasks of a deleted workflow that one transaction clears away: a few milliseconds of SQLite's writer.
const CLEARED_AT_ONCE: i64 = 100;

/// Those that the key may use; archived ones only when asked for.
pub fn list(cx: &mut Cx<'_>, archived: bool) -> Outcome<Vec<WorkflowRow>> {
    let mut rows = workflows::list(cx.tx, cx.caller.workspace, archived)?;
    rows.retain(|row| cx.caller.scope.covers(row.id));
    if cx.caller.scope.role.is_none() {
        return Ok(rows);
    }
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        let workflow = cx.shared.cache.workflow(cx.tx, row.id, row.revision, &mut cx.learned)?;
        if cx.caller.scope.known_in(&workflow) {
            known.push(row);
        }
    }
    Ok(known)
}

/// The workflow with its fields, stages and roles.
pub fn get(cx: &mut Cx<'_>, workflow: &str) -> Outcome<Found> {
    cx.workflow(workflow)
}

/// An archived workflow can be read, and what was accepted finishes; nothing else happens in it until it is archived no more.
pub fn set_archived(cx: &mut Cx<'_>, workflow: &str, archived: bool) -> Outcome<Found> {
    let found = held(cx, workflow)?;
    if found.archived == archived {
        return Ok(found);
    }
    let at = archived.then(|| cx.now());
    workflows::set_archived(cx.tx, found.workflow.id, at)?;
    if archived {
        timers::park(cx.tx, found.workflow.id)?
    } else {
        timers::unpark(cx.tx, found.workflow.id)?
    }
    let row = Activity {
        workflow: Some(found.workflow.id),
        after: Some(json!({ "name": found.workflow.name }).to_string()),
        ..cx.activity(if archived { Kind::WorkflowArchived } else { Kind::WorkflowUnarchived })
    };
    cx.append(&[row])?;
    Ok(Found { archived, ..found })
}

/// It is gone for everybody at once; what hung on it is cleared away soon after. `confirm` must be its name.
pub fn delete(cx: &mut Cx<'_>, workflow: &str, confirm: Option<&str>) -> Outcome<()> {
    let found = held(cx, workflow)?;
    let (id, name) = (found.workflow.id, &found.workflow.name);
    if confirm != Some(name) {
        let value = confirm.unwrap_or_default().to_owned();
        return Err(Refusal::BadParameter { name: "_confirm".to_owned(), value, allowed: format!("the workflow's name, {name:?}") }.into());
    }
    let deleted = DeletedWorkflow { id, workspace: cx.caller.workspace, by: cx.caller.actor, request: cx.request.map(str::to_owned) };
    let now = cx.now();
    deleted_workflows::insert(cx.tx, &deleted, now)?;
    let row = Activity {
        workflow: Some(id),
        before: Some(json!({ "name": name, "revision": found.workflow.revision }).to_string()),
        ..cx.activity(Kind::WorkflowDeleted)
    };
    cx.append(&[row])
}

/// For a change of the workflow itself, archived or not.
fn held(cx: &mut Cx<'_>, workflow: &str) -> Outcome<Found> {
    cx.hold_definition(workflow)?;
    let found = cx.workflow(workflow)?;
    if cx.caller.scope.read_only {
        return Err(Refusal::KeyReadOnly.into());
    }
    check_unnarrowed(cx, &found.workflow, "archive or delete a workflow")?;
    Ok(found)
}

/// Clears away some of what hung on a deleted workflow: first its executions, those that wait failing; then its tasks; at last its
/// definitions. Each piece is a transaction of its own, so a crash loses none. `false`: there is nothing to clear away.
pub(crate) fn clear_some(shared: &Arc<Shared>, tx: &mut dyn Tx) -> Outcome<(bool, Learned)> {
    let Some(deleted) = deleted_workflows::next(tx)? else { return Ok((false, Learned::default())) };
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = runs::cx_of(shared, tx, &claims, deleted.workspace, deleted.by, deleted.request.as_deref());
    let executions = deleted_workflows::executions(cx.tx, deleted.id, CLEARED_AT_ONCE)?;
    if !executions.is_empty() {
        for row in executions {
            deleted_workflows::delete_job(cx.tx, row.id)?;
            if row.pending {
                fail(&mut cx, &row)?;
            }
            deleted_workflows::delete_execution(cx.tx, row.id)?;
        }
        return Ok((true, cx.learned));
    }
    let tasks = deleted_workflows::tasks(cx.tx, deleted.id, CLEARED_AT_ONCE)?;
    if tasks.is_empty() {
        deleted_workflows::finish(cx.tx, deleted.id)?;
        return Ok((true, cx.learned));
    }
    let mut rows = Vec::with_capacity(tasks.len());
    for task in &tasks {
        deleted_workflows::delete_task(cx.tx, task)?;
        rows.push(cx.task_activity(Kind::TaskDeleted, task));
    }
    cx.append(&rows)?;
    Ok((true, cx.learned))
}

fn fail(cx: &mut Cx<'_>, row: &deleted_workflows::ExecutionRow) -> Outcome<()> {
    let (finished_at, errors) = (cx.now(), vec![Refusal::WorkflowGone.told()]);
    // Whoever ran it may have come to the same end.
    let Some(ended) = executions::give_up(cx.tx, row.id, finished_at, &errors)? else { return Ok(()) };
    let activity = Activity {
        workflow: Some(ended.workflow),
        task: Some(row.task),
        execution: Some(row.id),
        actor: ended.performer,
        after: Some(json!({ "action": ended.action, "status": "Fail", "errors": errors }).to_string()),
        ..cx.activity(Kind::ExecutionFinished)
    };
    cx.learned.ended.add(&Status::Fail { finished_at, errors });
    cx.append(&[activity])
}
