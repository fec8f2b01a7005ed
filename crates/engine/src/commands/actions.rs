//! The actions of a task.

use baton_core::ids::Id;

use crate::cx::{Cx, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    pub id: Id,
    pub name: String,
}

/// The actions that may be taken in the task's stage, in the workflow's order. Unmet requirements hide none.
pub fn available(cx: &mut Cx<'_>, workflow: &str, task: &str) -> Outcome<Vec<Available>> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let access = cx.caller.scope.access(&found.workflow);
    let actions = found.workflow.actions.iter().filter(|action| action.from.contains(&loaded.task.stage) && access.may_take(action));
    Ok(actions.map(|action| Available { id: action.id, name: action.name.clone() }).collect())
}
