//! Executions: accepted in one transaction, run in another.

use std::sync::Arc;

use baton_core::access;
use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::condition::Scene;
use baton_core::env::Env;
use baton_core::execution::{self, Execution, Ran, Run, Status, StepStatus};
use baton_core::ids::Id;
use baton_core::limits::{STARTS_MAX, WAITING_EXECUTIONS_MAX};
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::workflow::Workflow;
use baton_store::Tx;
use baton_store::sql::jobs::{Claim, Job};
use baton_store::sql::{executions, jobs, tasks, workflows};

use super::look::TxLook;
use super::tasks as task_writes;
use crate::auth::{Caller, KeyScope};
use crate::cache::Learned;
use crate::cx::{Cx, Outcome};
use crate::engine::Shared;
use crate::env::TxEnv;
use crate::fail_point;
use crate::worker::Claimed;

/// What `POST .../executions` asks for.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// A Unique ID or public id.
    pub task: Option<String>,
    pub action: Option<String>,
    /// The e-mail of the user who performs it; otherwise the API key does.
    pub performed_by: Option<String>,
}

/// Accepts an execution, or refuses with every reason of the first kind that applies.
pub fn start(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Execution> {
    let (found, loaded) = cx.task_if_any(workflow, ask.task.as_deref().unwrap_or_default(), true)?;
    cx.check_writable(&found)?;
    let action = named(ask)?;
    let loaded = loaded.ok_or(Refusals::action(Refusal::not_found(Noun::Task)))?;
    let key_access = cx.caller.scope.access(&found.workflow);
    let action =
        action.parse().ok().and_then(|id: Id| found.workflow.action(id)).ok_or(Refusals::action(Refusal::not_found(Noun::Action)))?;
    let performer = performer(cx, &found.workspace, &found.workflow, ask)?;
    if !key_access.may_take(action) {
        return Err(Refusals::action(Refusal::KeyLacksRight { what: format!("perform {}", action.name) }).into());
    }

    let now = cx.now();
    let scene = Scene {
        workspace: &found.workspace,
        workflow: &found.workflow,
        task: &loaded.task,
        performer,
        now,
        public_url: &cx.shared.options.public_url,
    };
    let mut look = TxLook::new(cx.tx, found.workflow.id, loaded.task.id);
    let accepted = execution::accept(&scene, action, &mut look);
    look.finish(accepted)?.map_err(Refusals::Action)?;
    if loaded.waiting >= WAITING_EXECUTIONS_MAX {
        return Err(Refusals::action(Refusal::TooManyWaiting).into());
    }

    let execution = Execution {
        id: cx.env.new_id(),
        workspace: cx.caller.workspace,
        workflow: found.workflow.id,
        task: loaded.task.id,
        action: action.id,
        revision: found.workflow.revision,
        sequence: loaded.last_sequence + 1,
        performer,
        asked_by: cx.caller.actor,
        request: cx.request.map(str::to_owned),
        created_at: now,
        status: Status::Pending,
    };
    executions::insert(cx.tx, &execution)?;
    queue(cx, &execution, loaded.waiting == 0)?;
    let started = Activity {
        actor: performer,
        execution: Some(execution.id),
        after: Some(serde_json::json!({ "action": action.id }).to_string()),
        ..cx.task_activity(Kind::ExecutionStarted, &loaded.task)
    };
    cx.append(&[started])?;
    Ok(execution)
}

/// The action asked for; both ids must be there.
fn named(ask: &Start) -> Result<&str, Refusals> {
    match (&ask.task, &ask.action) {
        (Some(_), Some(action)) => Ok(action),
        (task, action) => {
            let missing = [("task_id", task), ("action_id", action)].into_iter().filter(|(_, given)| given.is_none());
            Err(Refusals::Action(missing.map(|(key, _)| Refusal::IdRequired { key: key.to_owned() }).collect()))
        }
    }
}

fn performer(cx: &Cx<'_>, workspace: &Workspace, workflow: &Workflow, ask: &Start) -> Result<Actor, Refusals> {
    let Some(email) = &ask.performed_by else { return Ok(cx.caller.actor) };
    let user = access::collaborator_by_email(workspace, workflow, email);
    user.map(Actor::User).ok_or_else(|| Refusals::action(Refusal::NotOfWorkflow { email: email.clone() }))
}

/// The job row; at the head of the task's queue it is born claimed if this node has a free slot.
fn queue(cx: &mut Cx<'_>, execution: &Execution, head: bool) -> Outcome<()> {
    let slot = if head { cx.shared.worker.slot() } else { None };
    let job = Job {
        id: execution.id,
        workspace: execution.workspace,
        task: execution.task,
        sequence: execution.sequence,
        ready: head,
        claim: slot.as_ref().map(|_| cx.shared.worker.first_claim()),
        starts: i64::from(slot.is_some()),
        due_at: None,
    };
    jobs::insert(cx.tx, &job)?;
    cx.claimed.extend(slot.map(|slot| Claimed::new(&cx.shared.worker, job, slot)));
    Ok(())
}

pub fn get(cx: &mut Cx<'_>, workflow: &str, execution: &str) -> Outcome<Execution> {
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

/// Runs a claimed job's execution: effects, history, final status and the end of the job in this one transaction.
/// Answers with the job that waited behind it, already claimed.
///
/// With `fault` it is not tried again: it fails, and only says so.
pub(crate) fn run_job(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, fault: bool) -> Outcome<Option<Job>> {
    let claim = job.claim.as_ref().expect("a job that runs is claimed");
    jobs::finish(tx, job.id, claim)?;
    let execution = executions::load(tx, job.id)?;
    let now = shared.clock.now();
    let mut cx = Cx {
        tx,
        env: TxEnv::new(now, &shared.entropy),
        caller: Caller { workspace: execution.workspace, actor: execution.performer, name: String::new(), scope: KeyScope::default() },
        request: execution.request.as_deref(),
        shared,
        claimed: Vec::new(),
        learned: Learned::default(),
    };
    let (loaded, ran) = decide(&mut cx, job, &execution, fault)?;
    fail_point::pass("run.decided");
    save(&mut cx, &execution, loaded, ran)?;
    let next = Claim { node: claim.node, boot: claim.boot, epoch: 1 };
    Ok(jobs::promote_next(cx.tx, execution.task, &next)?)
}

/// The task's side of an execution: what was loaded, and the workflow as it is.
struct Loaded {
    task: tasks::Loaded,
    workflow: Arc<Workflow>,
}

fn decide(cx: &mut Cx<'_>, job: &Job, execution: &Execution, fault: bool) -> Outcome<(Option<Loaded>, Ran)> {
    let failed = |refusal: Refusal| Ran {
        task: None,
        deleted: false,
        comments: Vec::new(),
        steps: Vec::new(),
        status: Status::Fail { finished_at: cx.env.now(), errors: vec![refusal.to_string()] },
    };
    let Some(task) = tasks::load(cx.tx, execution.workspace, execution.workflow, execution.task, true)? else {
        let workflow = workflows::head(cx.tx, execution.workspace, execution.workflow)?;
        return Ok((None, failed(if workflow.is_none() { Refusal::WorkflowGone } else { Refusal::NoTask })));
    };
    let shared = cx.shared;
    let mut learned = Learned::default();
    let pinned = shared.cache.workflow(cx.tx, execution.workflow, execution.revision, &mut learned)?;
    let current = shared.cache.workflow(cx.tx, execution.workflow, task.revision, &mut learned)?;
    let workspace = shared.cache.workspace(cx.tx, execution.workspace, task.workspace_version, &mut learned)?;
    // A run changes neither people nor a definition.
    shared.cache.keep(learned);
    let ran = if fault {
        failed(Refusal::Panicked { step: None })
    } else if job.starts > STARTS_MAX {
        failed(Refusal::Interrupted { step: 1 })
    } else {
        let run = Run {
            execution,
            pinned: &pinned,
            current: &current,
            workspace: &workspace,
            task: Some(task.task.clone()),
            now: cx.env.now(),
            public_url: &shared.options.public_url,
        };
        let mut look = TxLook::new(cx.tx, execution.workflow, execution.task);
        let ran = execution::run(run, &mut look);
        look.finish(ran)?
    };
    Ok((Some(Loaded { task, workflow: current }), ran))
}

fn save(cx: &mut Cx<'_>, execution: &Execution, loaded: Option<Loaded>, ran: Ran) -> Outcome<()> {
    let mut rows = Vec::new();
    let mut version = 0;
    if let Some(loaded) = loaded {
        let mut after = ran.task.map_or_else(|| loaded.task.task.clone(), |(_, after)| after);
        rows = task_writes::save_change(cx, &loaded.workflow, &loaded.task, &mut after, Some(execution.sequence))?;
        for text in &ran.comments {
            rows.push(super::comments::insert(cx, &after, execution.performer, text)?);
        }
        if ran.deleted {
            rows.push(task_writes::remove(cx, &after)?);
        }
        version = after.version;
    }
    for row in &mut rows {
        row.execution = Some(execution.id);
    }
    let finished = Execution { status: ran.status, ..execution.clone() };
    let steps = serde_json::to_string(&ran.steps).expect("records are JSON");
    executions::finish(cx.tx, &finished, &steps)?;
    rows.push(finished_activity(cx, &finished, version, &ran.steps));
    cx.append(&rows)
}

fn finished_activity(cx: &mut Cx<'_>, execution: &Execution, version: i64, steps: &[execution::StepRecord]) -> Activity {
    let mut after = serde_json::Map::new();
    after.insert("action".to_owned(), execution.action.to_string().into());
    after.insert("status".to_owned(), execution.status.name().into());
    if let Status::Fail { errors, .. } = &execution.status {
        after.insert("errors".to_owned(), errors.clone().into());
    }
    let skipped: Vec<usize> =
        steps.iter().enumerate().filter(|(_, step)| step.status == StepStatus::Skipped).map(|(index, _)| index + 1).collect();
    if !skipped.is_empty() {
        after.insert("skipped".to_owned(), skipped.into());
    }
    Activity {
        workflow: Some(execution.workflow),
        task: Some(execution.task),
        version,
        execution: Some(execution.id),
        after: Some(serde_json::Value::Object(after).to_string()),
        ..cx.activity(Kind::ExecutionFinished)
    }
}
