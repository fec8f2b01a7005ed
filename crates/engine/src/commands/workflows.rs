//! Workflows as lists and parts.

use baton_store::sql::workflows;
pub use baton_store::sql::workflows::WorkflowRow;

use crate::cx::{Cx, Found, Outcome};

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
