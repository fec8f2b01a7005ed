//! Executions: accepted, cancelled, retried, and looked at (`executions/look.rs`). `runs.rs` runs them.

mod look;

pub use super::ask::Start;
pub use super::quote::{DryRun, dry_run};
pub use baton_store::sql::executions::{Listed, StatusIs};
pub use look::{Answered, Asked, Details, InList, Step, details, get, list};

use std::sync::Arc;
use std::time::Duration;

use baton_core::activity::{Activity, Kind};
use baton_core::condition::Scene;
use baton_core::env::Env;
use baton_core::execution::{self, Execution, Status};
use baton_core::limits::WAITING_EXECUTIONS_MAX;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::task::Task;
use baton_core::workflow::Workflow;
use baton_store::sql::jobs::Job;
use baton_store::sql::{executions, jobs, retention, tasks};

use super::ask::{self, Purpose, Wanted};
use super::look::TxLook;
use super::quote;
use super::runs;
use super::tasks::save_change;
use crate::cx::{Cx, Found, Outcome};

/// Accepts an execution, or refuses with every reason of the first kind that applies.
pub fn start(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Execution> {
    let opened = quote::open(cx, workflow, ask)?;
    let (quote, ask) = opened.as_ref().map_or((None, ask), |(quote, ask)| (Some(quote), ask));
    if !ask.fields.is_empty() {
        cx.share_definition(workflow)?;
    }
    let mut wanted = ask::find(cx, workflow, ask, Purpose::Take)?;
    ask.expected.check(Some(wanted.loaded.task.version))?;
    wanted.take(cx, quote)?;
    let mut execution = wanted.execution(cx);
    set_fields(cx, &execution, &mut wanted)?;
    execution.quoted_version = quote.map(|_| wanted.task.version);
    enter(cx, &execution, &wanted.task, wanted.loaded.waiting == 0)?;
    Ok(execution)
}

/// The fields that came with the action, set by whoever performs it.
fn set_fields(cx: &mut Cx<'_>, execution: &Execution, wanted: &mut Wanted) -> Outcome<()> {
    let mut rows = save_change(cx, &wanted.found.workflow, &wanted.loaded, &mut wanted.task, None)?;
    for row in &mut rows {
        (row.actor, row.execution) = (execution.performer, Some(execution.id));
    }
    cx.append(&rows)
}

/// Writes a new execution with its job and its place in the history.
fn enter(cx: &mut Cx<'_>, execution: &Execution, task: &Task, head: bool) -> Outcome<()> {
    executions::insert(cx.tx, execution)?;
    queue(cx, execution, head)?;
    let mut after = serde_json::json!({ "action": execution.action });
    if let Some(first) = execution.retry_of {
        after["retry_of"] = first.to_string().into();
    }
    let started = Activity {
        actor: execution.performer,
        execution: Some(execution.id),
        after: Some(after.to_string()),
        ..cx.task_activity(Kind::ExecutionStarted, task)
    };
    cx.append(&[started])
}

/// The job row; at the head of the task's queue it is born claimed if this node has a free slot.
fn queue(cx: &mut Cx<'_>, execution: &Execution, head: bool) -> Outcome<()> {
    let mut claims = cx.claims.lock();
    let waits = cx.shared.backlog.is_any_of(execution.workspace);
    let claim = if head { claims.claim(cx.shared.clock.monotonic(), waits) } else { None };
    let job = Job {
        id: execution.id,
        workspace: execution.workspace,
        task: execution.task,
        sequence: execution.sequence,
        ready: head,
        claim,
        starts: i64::from(claim.is_some()),
        due_at: None,
        takes: jobs::Takes::Worker,
    };
    jobs::insert(cx.tx, &job)?;
    if claim.is_some() {
        claims.hold(job);
    } else if head {
        claims.leave(execution.workspace);
    }
    Ok(())
}

/// Ends an execution before its next step. One that nobody runs (it waits for its turn, or to repeat a call) ends at once.
pub fn cancel(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Execution> {
    let (found, pinned, execution) = to_change(cx, workflow, execution)?;
    check_right(&found, &pinned, &execution)?;
    let by = cx.caller_named();
    // The job first, as a run does it: so nobody waits for each other in a circle.
    let idle = jobs::hurry(cx.tx, execution.id)?;
    if !executions::cancel(cx.tx, execution.id, &by)? {
        return Err(Refusal::HasEnded.into());
    }
    // What has happened until here is known only now.
    let mut execution = executions::load(cx.tx, execution.id)?;
    // It may have begun to wait while this waited for it.
    if idle || jobs::hurry(cx.tx, execution.id)? {
        runs::end_cancelled(cx, &mut execution)?;
        cx.wake_after();
    }
    Ok(execution)
}

/// A new execution that goes on where a failed one, or the last retry of it, has stopped.
pub fn retry(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Execution> {
    let (found, pinned, asked) = to_change(cx, workflow, execution)?;
    check_right(&found, &pinned, &asked).map_err(Refusals::action)?;
    // Under the lock of the task there is one retry at a time.
    let task = tasks::load(cx.tx, cx.caller.workspace, asked.workflow, asked.task, true)?;
    let loaded = task.ok_or(Refusals::action(Refusal::NoTask))?;
    let first = asked.retry_of.unwrap_or(asked.id);
    if !retention::hold(cx.tx, first)? {
        return Err(Refusal::not_found(Noun::Execution).into());
    }
    let last = match executions::last_retry(cx.tx, first)? {
        Some(last) => last,
        None => executions::load(cx.tx, first)?,
    };
    match last.status {
        Status::Fail { .. } => {}
        Status::Pending | Status::Success { .. } if last.id == first => return Err(Refusals::action(Refusal::HasNotFailed).into()),
        Status::Pending => return Err(Refusals::action(Refusal::RetryPending { id: last.id.to_string() }).into()),
        Status::Success { .. } => return Err(Refusals::action(Refusal::RetrySucceeded { id: last.id.to_string() }).into()),
    }
    // It has not begun, and would end in the same way.
    if last.steps.is_empty() && last.quoted_version.is_some_and(|version| version != loaded.task.version) {
        return Err(Refusals::action(Refusal::ChangedSinceQuote { what: "The task".to_owned(), values: None }).into());
    }
    let action = pinned.action(last.action).ok_or(Refusals::action(Refusal::not_found(Noun::Action)))?;
    let steps = execution::retried_steps(&last.steps);
    let now = cx.now();
    let scene = Scene {
        workspace: &found.workspace,
        workflow: &found.workflow,
        task: &loaded.task,
        performer: last.performer,
        now,
        public_url: &cx.shared.options.public_url,
    };
    let mut look = TxLook::new(cx.tx, &found.workflow, loaded.task.id);
    let accepted = execution::accept_retry(&scene, action, &steps, &mut look);
    look.finish(accepted)?.map_err(|refusals| Refusals::Action(ask::nameless(refusals, &found)))?;
    if loaded.waiting >= WAITING_EXECUTIONS_MAX {
        return Err(Refusals::action(Refusal::TooManyWaiting).into());
    }
    let execution = Execution {
        id: cx.env.new_id(),
        sequence: loaded.last_sequence + 1,
        asked_by: cx.caller.actor,
        request: cx.request.map(str::to_owned),
        created_at: now,
        status: Status::Pending,
        steps,
        retry_of: Some(first),
        cancelled_by: None,
        spent: Duration::ZERO,
        snapshot: None,
        ..last
    };
    enter(cx, &execution, &loaded.task, loaded.waiting == 0)?;
    Ok(execution)
}

/// An execution that the caller may change, with the workflow as it is and as it was when it began.
fn to_change(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<(Found, Arc<Workflow>, Execution)> {
    let execution = look::find(cx, workflow, execution)?;
    let found = cx.writable_workflow(workflow)?;
    let shared = cx.shared;
    let pinned = shared.cache.workflow(cx.tx, execution.workflow, execution.revision, &mut cx.learned)?;
    Ok((found, pinned, execution))
}

/// Whoever may not take an action may not end or repeat it either.
fn check_right(found: &Found, pinned: &Workflow, execution: &Execution) -> Result<(), Refusal> {
    match pinned.action(execution.action) {
        Some(action) if !found.access().may_take(action) => Err(Refusal::KeyLacksRight { what: format!("perform {}", action.name) }),
        Some(_) | None => Ok(()),
    }
}
