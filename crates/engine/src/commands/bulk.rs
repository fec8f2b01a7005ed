//! One action on many tasks.

use baton_core::execution::Execution;
use baton_core::refusal::Refusals;
use baton_core::value::parse_unique_id;
use baton_store::sql::tasks::lock_all;

use super::executions::{self, Start};
use crate::cx::{Cx, Failure, Outcome};

/// Executions that one transaction accepts. More would keep what others write waiting for longer than a person notices.
pub const CHUNK: usize = 100;

/// Accepts or refuses each by itself, all in this transaction. `start` says the rest of what is asked for; a task may stand in the list
/// again, and is then acted on again.
pub fn start_each(cx: &mut Cx<'_>, workflow: &str, tasks: &[Option<String>], start: &Start) -> Outcome<Vec<Result<Execution, Refusals>>> {
    if !start.fields.is_empty() {
        cx.share_definition(workflow)?;
    }
    let found = cx.writable_workflow(workflow)?;
    let named: Vec<String> = tasks.iter().flatten().filter_map(|task| parse_unique_id(task).ok()).collect();
    lock_all(cx.tx, cx.caller.workspace, found.workflow.id, &named)?;
    let mut of_task = start.clone();
    let accept = |task: &Option<String>| {
        of_task.task.clone_from(task);
        match executions::start(cx, workflow, &of_task) {
            Ok(execution) => Ok(Ok(execution)),
            // It was refused before anything was written for it, so there is nothing to be undone.
            Err(Failure::Refused(refusals)) => Ok(Err(refusals)),
            Err(failure) => Err(failure),
        }
    };
    tasks.iter().map(accept).collect()
}
