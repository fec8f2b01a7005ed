//! Executions: accepted in one transaction, run in another.

use std::sync::Arc;

use baton_core::access;
use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::condition::Scene;
use baton_core::env::Env;
use baton_core::execution::{self, Execution, Ran, Status, StepStatus};
use baton_core::ids::Id;
use baton_core::limits::{STARTS_MAX, WAITING_EXECUTIONS_MAX};
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::workflow::Workflow;
use baton_store::Tx;
use baton_store::sql::jobs::Job;
use baton_store::sql::{executions, jobs, tasks, workflows};
use parking_lot::Mutex;

use super::look::TxLook;
use super::tasks as task_writes;
use crate::auth::{Caller, KeyScope};
use crate::cache::Learned;
use crate::cx::{Cx, Outcome};
use crate::engine::Shared;
use crate::env::TxEnv;
use crate::fail_point;
use crate::worker::Claims;

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
    let mut claims = cx.claims.lock();
    let claim = if head { claims.claim(cx.shared.clock.monotonic()) } else { None };
    let job = Job {
        id: execution.id,
        workspace: execution.workspace,
        task: execution.task,
        sequence: execution.sequence,
        ready: head,
        claim,
        starts: i64::from(claim.is_some()),
        due_at: None,
    };
    jobs::insert(cx.tx, &job)?;
    if claim.is_some() {
        claims.hold(job);
    }
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

/// How a claimed job is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// It has failed by a fault of ours too often: it is not tried again, and only says so.
    pub fault: bool,
    /// Whether this node goes on with the job that waits behind it.
    pub claim_next: bool,
}

/// Runs a claimed job's execution: effects, history, final status and the end of the job in this one transaction.
/// Answers with the job that waited behind it if that is claimed already, and with what to keep once all is committed.
pub(crate) fn run_job(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, run: Run) -> Outcome<(Option<Job>, Learned)> {
    let claim = job.claim.as_ref().expect("a job that runs is claimed");
    jobs::finish(tx, job.id, claim)?;
    let ended = if run.fault {
        Some(Refusal::Panicked { step: None })
    } else {
        (job.starts > STARTS_MAX).then_some(Refusal::Interrupted { step: 1 })
    };
    let learned = match ended {
        // What can't be read or decided is not looked at again.
        Some(refusal) => give_up(shared, tx, job, &refusal).map(|()| Learned::default())?,
        None => run_execution(shared, tx, job)?,
    };
    let next = shared.worker.claim_at(shared.clock.monotonic()).filter(|_| run.claim_next);
    let next = jobs::promote_next(tx, job.task, next.as_ref())?;
    Ok((next.filter(|next| next.claim.is_some()), learned))
}

fn run_execution(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job) -> Outcome<Learned> {
    let execution = executions::load(tx, job.id)?;
    workflows::share(tx, execution.workflow)?;
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = cx_of(shared, tx, &claims, execution.workspace, execution.performer, execution.request.as_deref());
    let (loaded, ran) = decide(&mut cx, &execution)?;
    fail_point::pass("run.decided");
    save(&mut cx, &execution, loaded, ran)?;
    Ok(cx.learned)
}

/// Ends an execution as failed with nothing but what is sure to be readable, for a row may be what makes it fail.
fn give_up(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, refusal: &Refusal) -> Outcome<()> {
    tasks::end_sequence(tx, job.task, job.sequence)?;
    let finished_at = shared.clock.now();
    let errors = vec![refusal.to_string()];
    let Some(ended) = executions::give_up(tx, job.id, finished_at, &errors)? else { return Ok(()) };
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = cx_of(shared, tx, &claims, job.workspace, ended.performer, None);
    let after = serde_json::json!({ "action": ended.action, "status": "Fail", "errors": errors });
    let row = Activity {
        workflow: Some(ended.workflow),
        task: Some(job.task),
        execution: Some(job.id),
        after: Some(after.to_string()),
        ..cx.activity(Kind::ExecutionFinished)
    };
    cx.append(&[row])
}

/// The transaction of a run: its performer is the caller.
fn cx_of<'a>(
    shared: &'a Arc<Shared>,
    tx: &'a mut dyn Tx,
    claims: &'a Mutex<Claims>,
    workspace: Id,
    performer: Actor,
    request: Option<&'a str>,
) -> Cx<'a> {
    Cx {
        tx,
        env: TxEnv::new(shared.clock.now(), &shared.entropy),
        caller: Caller { workspace, actor: performer, name: String::new(), scope: KeyScope::default() },
        request,
        shared,
        claims,
        learned: Learned::default(),
    }
}

/// The task's side of an execution: what was loaded, and the workflow as it is.
struct Loaded {
    task: tasks::Loaded,
    workflow: Arc<Workflow>,
}

fn decide(cx: &mut Cx<'_>, execution: &Execution) -> Outcome<(Option<Loaded>, Ran)> {
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
    let pinned = shared.cache.workflow(cx.tx, execution.workflow, execution.revision, &mut cx.learned)?;
    let current = shared.cache.workflow(cx.tx, execution.workflow, task.revision, &mut cx.learned)?;
    let workspace = shared.cache.workspace(cx.tx, execution.workspace, task.workspace_version, &mut cx.learned)?;
    let run = execution::Run {
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
    let ran = look.finish(ran)?;
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

#[cfg(test)]
mod tests {
    use baton_store::{Options, Place, Store};
    use serde_json::json;

    use super::*;
    use crate::commands::tasks::Expected;
    use crate::commands::{definitions, workflows, workspaces};
    use crate::env::{Entropy, SystemClock};
    use crate::{Ask, Credential, Engine, EngineOptions};

    /// Works share a transaction, so a run may see a revision that is then rolled back, and whose number is given again.
    #[tokio::test]
    async fn a_run_that_is_rolled_back_leaves_nothing_in_the_cache() {
        let store = Store::open(Options::new(Place::Memory)).unwrap();
        let node = Id::from_i64(1).unwrap();
        let options = EngineOptions { public_url: String::new(), workers: 1, node };
        let engine = Engine::new(store, Arc::new(SystemClock::new()), Entropy::from_seed(1), options);
        let ask = Ask { credential: Credential::Operator { workspace: engine.fresh_id() }, request: None };
        let new = workspaces::NewWorkspace {
            name: "Hogwarts".to_owned(),
            admin_email: "a@hogwarts.edu".to_owned(),
            admin_password: None,
            time_zone: "UTC".to_owned(),
        };
        engine.write(ask.clone(), move |cx| workspaces::create(cx, &new)).await.unwrap();
        let named = |name: &str| json!({ "name": name, "stages": [{ "name": "Open" }], "actions": [{ "name": "Go", "from": ["Open"] }] });

        let document = named("First");
        let prepare = move |cx: &mut Cx<'_>| {
            let workflow = definitions::create(cx, &document)?.workflow.to_string();
            let (made, _) = crate::commands::tasks::create_or_update(cx, &workflow, &serde_json::Map::new(), &Expected::Anything)?;
            let action = cx.workflow(&workflow)?.workflow.actions[0].id.to_string();
            start(cx, &workflow, &Start { task: Some(made.task.id.to_string()), action: Some(action), performed_by: None })?;
            Ok(workflow)
        };
        let workflow = engine.write(ask.clone(), prepare).await.unwrap();
        let now = engine.now();
        let jobs = engine.shared.store.write(move |tx| jobs::claim(tx, node, 1, now, 1)).await.unwrap();

        let (document, of) = (named("Rolled back"), workflow.clone());
        let rolled_back = move |cx: &mut Cx<'_>| -> Outcome<()> {
            definitions::save(cx, &of, &document, &Expected::Anything)?;
            run_job(cx.shared, cx.tx, &jobs[0], Run { fault: false, claim_next: true })?;
            Err(Refusal::IsInvalid.into())
        };
        engine.write(ask.clone(), rolled_back).await.unwrap_err();

        let (document, of) = (named("Second"), workflow.clone());
        engine.write(ask.clone(), move |cx| definitions::save(cx, &of, &document, &Expected::Anything)).await.unwrap();
        let found = engine.read(ask, move |cx| workflows::get(cx, &workflow)).await.unwrap();
        assert_eq!((found.workflow.name.as_str(), found.workflow.revision), ("Second", 2));
    }
}
