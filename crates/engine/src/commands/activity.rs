//! The history of a task, and the check of the whole history.

use baton_core::ids::Id;
use baton_store::sql::activity::{self, ActivityRow, Verified};

use crate::cx::{Cx, Found, Outcome};

/// Oldest first; rows show at once, sealed or not.
pub fn of_task(cx: &mut Cx<'_>, workflow: &str, task: &str, after: Option<(i64, Id)>, limit: usize) -> Outcome<(Found, Vec<ActivityRow>)> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let rows = activity::of_task(cx.tx, cx.caller.workspace, loaded.task.id, after, limit)?;
    Ok((found, rows))
}

/// Walks the chain of the caller's workspace.
pub fn verify(cx: &mut Cx<'_>) -> Outcome<Verified> {
    Ok(activity::verify(cx.tx, cx.caller.workspace)?)
}
