//! Executions as a caller sees them: one, one with its steps, a page of many.

use baton_core::execution::call::{Call, Request};
use baton_core::execution::{Execution, Status, StepRecord, StepStatus};
use baton_core::ids::Id;
use baton_core::refusal::{Noun, Refusal};
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_core::value::parse_unique_id;
use baton_core::workflow::Workflow;
use baton_store::sql::executions::{Filter, Listed, StatusIs};
use baton_store::sql::{calls, executions, tasks};

use crate::cx::{Cx, Found, Outcome};

/// As the caller may see it.
pub fn get(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Execution> {
    let found = find(cx, workflow, execution)?;
    Ok(if sees_every_field(cx, workflow)? { found } else { without_quotes(found) })
}

/// Whether what may quote any field is told whole. Without a role nothing is hidden, and nothing is looked up.
fn sees_every_field(cx: &mut Cx<'_>, workflow: &str) -> Outcome<bool> {
    if cx.caller.scope.role.is_none() {
        return Ok(true);
    }
    let found = cx.workflow(workflow)?;
    Ok(found.access().sees_every_field(&found.workflow))
}

fn without_quotes(mut execution: Execution) -> Execution {
    for step in &mut execution.steps {
        step.error = step.error.take().map(Told::without_quotes);
    }
    Execution { status: bare(execution.status), ..execution }
}

fn bare(status: Status) -> Status {
    match status {
        Status::Fail { finished_at, errors } => {
            Status::Fail { finished_at, errors: errors.into_iter().map(Told::without_quotes).collect() }
        }
        status @ (Status::Pending | Status::Success { .. }) => status,
    }
}

/// One that the caller may know of, as it is.
pub(super) fn find(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Execution> {
    let unknown = || Refusal::not_found(Noun::Execution);
    let no_workflow = || Refusal::not_found(Noun::Workflow);
    let workflow: Id = workflow.parse().map_err(|_| no_workflow())?;
    let found = match execution.parse() {
        Ok(id) if cx.caller.scope.covers(workflow) => executions::get(cx.tx, cx.caller.workspace, workflow, id)?,
        Ok(_) | Err(_) => None,
    };
    match found {
        Some(execution) if cx.caller.scope.role.is_none() => Ok(execution),
        found => {
            // Rare: an unknown id, or a key narrowed to a role, which may not see every task.
            let place = cx.workflow(&workflow.to_string())?;
            let execution = found.ok_or_else(unknown)?;
            let access = cx.caller.scope.access(&place.workflow);
            let task = tasks::load(cx.tx, cx.caller.workspace, workflow, execution.task, false)?;
            let seen = task.map_or(!access.sees_assigned_only(), |loaded| access.may_see(&loaded.task, None));
            if seen { Ok(execution) } else { Err(unknown().into()) }
        }
    }
}

/// An execution with what is known of each step.
pub struct Details {
    pub execution: Execution,
    /// All steps of its action, also those that it has not come to.
    pub steps: Vec<Step>,
}

pub struct Step {
    pub kind: String,
    pub status: StepStatus,
    pub attempts: u32,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub error: Option<String>,
    /// It has made a call over HTTP, answered or not.
    pub calls: bool,
    pub answer: Option<Answered>,
}

/// What came of a call, the last time that it was answered.
pub struct Answered {
    pub status: u16,
    /// Its beginning; `None` for whoever may not see every field, since any may stand in it.
    pub body: Option<String>,
}

pub fn details(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Details> {
    let execution = get(cx, workflow, execution)?;
    let sees_answers = sees_every_field(cx, workflow)?;
    let shared = cx.shared;
    let pinned = shared.cache.workflow(cx.tx, execution.workflow, execution.revision, &mut cx.learned)?;
    let mut records = execution.steps.clone();
    let rest = pinned.action(execution.action).into_iter().flat_map(|action| &action.steps).skip(records.len());
    records.extend(rest.map(|step| StepRecord::new(step.kind.name(), StepStatus::Pending)));
    let calls = calls::of_execution(cx.tx, execution.id)?;
    let call_of = |number: usize| calls.iter().find(|call| call.step == number);
    let records = records.into_iter().enumerate();
    let steps = records.map(|(index, record)| step(&execution, record, call_of(index + 1), sees_answers)).collect();
    Ok(Details { execution, steps })
}

fn step(execution: &Execution, record: StepRecord, call: Option<&Call>, sees_answers: bool) -> Step {
    let ended_at = execution.status.finished_at();
    let (status, error) = match (record.status, execution.status.errors()) {
        // An execution that was given up is ended without a look at its steps.
        (StepStatus::Running, Some(errors)) => (StepStatus::Fail, Some(Told::joined(errors))),
        (status, _) => (status, record.error),
    };
    let taken = matches!(status, StepStatus::Success | StepStatus::Fail);
    let finished_at = record.finished_at.or(ended_at).filter(|_| taken);
    let answer = |call: &Call| Some(Answered { status: call.status?, body: call.answer.clone().filter(|_| sees_answers) });
    Step {
        kind: record.kind,
        status,
        attempts: call.map_or(u32::from(taken), |call| call.attempts),
        // What stays inside Baton is done in an instant.
        started_at: call.map(|call| call.started_at).or(finished_at),
        finished_at,
        error: error.map(|told| told.whole().to_owned()),
        calls: call.is_some_and(|call| matches!(call.request, Request::Http(_))),
        answer: call.and_then(answer),
    }
}

/// Which executions a list is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A Unique ID or public id; a task that has been deleted has only the latter.
    pub task: Option<String>,
    pub action: Option<Id>,
    pub status: Option<StatusIs>,
}

/// An execution of a list, with the names of today.
pub struct InList {
    pub execution: Listed,
    pub action: Option<String>,
    /// The e-mail of the user who performs it.
    pub performed_by: Option<String>,
}

/// Newest first, those that are older than `before`.
pub fn list(cx: &mut Cx<'_>, workflow: &str, asked: &Asked, before: Option<Id>, limit: usize) -> Outcome<Vec<InList>> {
    let found = cx.workflow(workflow)?;
    // Nobody's tasks are a key's own.
    if found.access().sees_assigned_only() {
        return Ok(Vec::new());
    }
    let task = match &asked.task {
        None => None,
        Some(text) => match task_named(cx, &found, text)? {
            None => return Ok(Vec::new()),
            task => task,
        },
    };
    let filter = Filter { task, action: asked.action, status: asked.status };
    let page = executions::page(cx.tx, cx.caller.workspace, found.workflow.id, filter, before, limit)?;
    let whole = found.access().sees_every_field(&found.workflow);
    page.into_iter()
        .map(|execution| {
            let execution = if whole { execution } else { Listed { status: bare(execution.status), ..execution } };
            let action = action_name(cx, &found.workflow, &execution)?;
            let performer = execution.performer.user().and_then(|user| found.workspace.user(user));
            Ok(InList { action, performed_by: performer.map(|user| user.email.clone()), execution })
        })
        .collect()
}

fn task_named(cx: &mut Cx<'_>, found: &Found, text: &str) -> Outcome<Option<Id>> {
    let Ok(text) = parse_unique_id(text) else { return Ok(None) };
    let named = match found.access().unique_id_field(&found.workflow) {
        Some(_) => tasks::id_of_unique(cx.tx, found.workflow.id, &text)?,
        None => None,
    };
    Ok(named.or_else(|| text.parse().ok()))
}

/// One that was removed is known by the name that it had.
fn action_name(cx: &mut Cx<'_>, current: &Workflow, execution: &Listed) -> Outcome<Option<String>> {
    if let Some(action) = current.action(execution.action) {
        return Ok(Some(action.name.clone()));
    }
    let shared = cx.shared;
    let pinned = shared.cache.workflow(cx.tx, current.id, execution.revision, &mut cx.learned)?;
    Ok(pinned.action(execution.action).map(|action| action.name.clone()))
}
