//! Running what was accepted: the steps up to the next call in one transaction, what comes back from it in another.

use std::sync::Arc;
use std::time::Duration;

use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::env::Env;
use baton_core::execution::call::{Call, Reply};
use baton_core::execution::{self, Execution, Next, Ran, Resume, Status, StepRecord, StepStatus};
use baton_core::ids::Id;
use baton_core::limits::STARTS_MAX;
use baton_core::refusal::Refusal;
use baton_core::time::Timestamp;
use baton_core::workflow::Workflow;
use baton_store::Tx;
use baton_store::sql::jobs::{Claim, Job, Takes};
use baton_store::sql::{calls, executions, jobs, tasks, workflows};
use parking_lot::Mutex;

use super::look::TxLook;
use super::tasks as task_writes;
use super::timers;
use crate::auth::{Caller, KeyScope};
use crate::cache::Learned;
use crate::cx::{Cx, Outcome};
use crate::engine::Shared;
use crate::env::TxEnv;
use crate::fail_point;
use crate::metrics::Taken;
use crate::open_calls::CallPermit;
use crate::worker::Claims;

/// How a claimed job is run.
#[derive(Clone)]
pub(crate) struct Run {
    /// It has failed by a fault of ours too often: it is not tried again, and only says so.
    pub fault: bool,
    pub behind: Behind,
    /// What has just come back from its call, and how long that took.
    pub reply: Option<Arc<(Reply, Duration)>>,
    /// The open call that this node has for it: its own, or one that was free when it came to a call.
    pub permit: Arc<Mutex<Option<CallPermit>>>,
}

/// What this node goes on with where an execution ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Left,
    /// The execution that waits behind it, of the same task.
    OfTask,
    /// That one, or where there is none another that has waited.
    Any,
}

/// What a transaction of a run has come to.
pub(crate) enum After {
    /// The execution has ended; the one behind it, or another that waits for a worker, if that is claimed already.
    Ended(Option<Job>),
    /// A call that is to be made now.
    Calls(Box<Outgoing>),
    /// It goes on later, for whoever claims it.
    Waits,
}

/// A call that is saved, and goes out under this claim.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub job: Job,
    pub call: Call,
    pub timeout: Duration,
    /// [`crate::worker::Worker::lapses`] when it was saved.
    pub lapses: u64,
}

/// Runs a claimed job's execution as far as it goes: effects, history, status and the end of the job, or the call that comes next, in
/// this one transaction. What to keep of it is kept once all is committed.
pub(crate) fn run_job(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, run: &Run) -> Outcome<(After, Learned)> {
    let claim = job.claim.as_ref().expect("a job that runs is claimed");
    jobs::finish(tx, job.id, claim)?;
    let ended = if run.fault {
        Some(Refusal::Panicked { step: None })
    } else if job.starts > STARTS_MAX && run.reply.is_none() {
        Some(Refusal::Interrupted { step: executions::position(tx, job.id)? })
    } else {
        None
    };
    let (next, learned) = match ended {
        // What can't be read or decided is not looked at again.
        Some(refusal) => give_up(shared, tx, job, &refusal).map(|learned| (None, learned))?,
        None => run_execution(shared, tx, job, run)?,
    };
    let after = match next {
        Some(next) => go_on_later(shared, tx, job, claim, next, run)?,
        None => {
            let by = shared.worker.claim_at(shared.clock.monotonic()).filter(|_| run.behind != Behind::Left);
            let behind = jobs::promote_next(tx, job.task, by.as_ref())?.filter(|next| next.claim.is_some());
            match by.filter(|_| run.behind == Behind::Any && behind.is_none() && shared.backlog.is_any()) {
                Some(by) => After::Ended(jobs::claim_next(tx, &by, shared.clock.now(), Takes::Worker)?),
                None => After::Ended(behind),
            }
        }
    };
    Ok((after, learned))
}

/// Where an execution stands that has not ended.
enum Pause {
    Call { call: Call, timeout: Duration },
    Wait { call: Call, until: Timestamp },
}

/// `None`: the execution has ended.
fn run_execution(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, run: &Run) -> Outcome<(Option<Pause>, Learned)> {
    let execution = executions::load(tx, job.id)?;
    if execution.status != Status::Pending {
        // It was cancelled while it waited; only its place in the queue was left.
        tasks::end_sequence(tx, job.task, job.sequence)?;
        return Ok((None, Learned::default()));
    }
    workflows::share(tx, execution.workflow)?;
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = cx_of(shared, tx, &claims, execution.workspace, execution.performer, execution.request.as_deref());
    let begun = shared.clock.monotonic();
    let (loaded, ran) = decide(&mut cx, &execution, run)?;
    fail_point::pass("run.decided");
    let (kinds, calls) = (newly_ended(&execution, &ran), ran.settled.as_ref().map(|call| (call.step, call.started_at)));
    let pause = save(&mut cx, &execution, loaded, ran)?;
    let (here, now) = (shared.clock.monotonic().saturating_sub(begun), cx.now());
    let took = |step: usize| match calls {
        Some((called, started_at)) if called == step => Duration::from_micros((now.micros() - started_at.micros()).max(0).unsigned_abs()),
        _ => here,
    };
    cx.learned.steps = kinds.into_iter().map(|(step, kind)| Taken::new(&kind, took(step))).collect();
    Ok((pause, cx.learned))
}

/// The steps that have come to an end in this run, counted from 1, with their kinds.
fn newly_ended(execution: &Execution, ran: &Ran) -> Vec<(usize, String)> {
    let has_ended = |step: &StepRecord| matches!(step.status, StepStatus::Success | StepStatus::Fail);
    let before = |index: usize| execution.steps.get(index).is_some_and(has_ended);
    let ended = ran.steps.iter().enumerate().filter(|(index, step)| has_ended(step) && !before(*index));
    ended.map(|(index, step)| (index + 1, step.kind.clone())).collect()
}

/// The job goes on under this node's claim where there is an open call for it, or is left to whoever claims it next.
fn go_on_later(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, claim: &Claim, pause: Pause, run: &Run) -> Outcome<After> {
    let left = |starts: i64, due_at: Option<Timestamp>| Job { claim: None, starts, takes: Takes::Call, due_at, ..*job };
    // Whoever has cancelled it meanwhile could not see yet that it waits. It ends without a call, so it waits for none.
    let ending = |starts: i64| Job { takes: Takes::Worker, ..left(starts, None) };
    match pause {
        Pause::Wait { call, until } => {
            calls::put(tx, job.workspace, job.id, &call)?;
            let left = if executions::is_cancelled(tx, job.id)? { ending(0) } else { left(0, Some(until)) };
            jobs::put_back(tx, &left, claim)?;
            Ok(After::Waits)
        }
        Pause::Call { call, timeout } => {
            // A call that was interrupted has made no progress.
            let starts = if run.reply.is_none() && call.attempts > 1 { job.starts } else { 1 };
            let mut permit = run.permit.lock();
            let may_begin = shared.worker.claim_at(shared.clock.monotonic()).is_some();
            if may_begin && permit.is_none() {
                *permit = shared.worker.calls.open(job.workspace);
            }
            if may_begin && permit.is_some() {
                calls::put(tx, job.workspace, job.id, &call)?;
                let kept = Job { starts, takes: Takes::Call, due_at: None, ..*job };
                let job = jobs::put_back(tx, &kept, claim)?;
                return Ok(After::Calls(Box::new(Outgoing { job, call, timeout, lapses: shared.worker.lapses() })));
            }
            let unsent = Call { attempts: call.attempts - 1, open: false, ..call };
            calls::put(tx, job.workspace, job.id, &unsent)?;
            let left = if executions::is_cancelled(tx, job.id)? { ending(starts - 1) } else { left(starts - 1, None) };
            jobs::put_back(tx, &left, claim)?;
            if left.takes == Takes::Call {
                shared.backlog.add_call(job.workspace);
            }
            Ok(After::Waits)
        }
    }
}

/// Ends an execution as failed with nothing but what is sure to be readable, for a row may be what makes it fail.
fn give_up(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, refusal: &Refusal) -> Outcome<Learned> {
    let version = tasks::end_sequence(tx, job.task, job.sequence)?;
    let finished_at = shared.clock.now();
    let errors = vec![refusal.told()];
    let Some(ended) = executions::give_up(tx, job.id, finished_at, &errors)? else { return Ok(Learned::default()) };
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = cx_of(shared, tx, &claims, job.workspace, ended.performer, None);
    let after = serde_json::json!({ "action": ended.action, "status": "Fail", "errors": errors });
    let row = Activity {
        workflow: Some(ended.workflow),
        task: Some(job.task),
        version,
        execution: Some(job.id),
        after: Some(after.to_string()),
        ..cx.activity(Kind::ExecutionFinished)
    };
    cx.append(&[row])?;
    cx.learned.stop(job.id);
    Ok(cx.learned)
}

/// The transaction of a run: its performer is the caller.
pub(super) fn cx_of<'a>(
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
        caller: Caller { workspace, actor: performer, name: String::new(), scope: KeyScope::default(), key_hash: [0; 32] },
        request,
        shared,
        claims,
        learned: Learned::default(),
        wakes: false,
    }
}

/// The task's side of an execution: what was loaded, and the workflow as it is.
struct Loaded {
    task: Option<tasks::Loaded>,
    workflow: Arc<Workflow>,
}

fn decide(cx: &mut Cx<'_>, execution: &Execution, run: &Run) -> Outcome<(Option<Loaded>, Ran)> {
    let shared = cx.shared;
    let task = tasks::load(cx.tx, execution.workspace, execution.workflow, execution.task, true)?;
    let (revision, version) = match &task {
        Some(task) => (task.revision, task.workspace_version),
        None => match workflows::head(cx.tx, execution.workspace, execution.workflow)? {
            Some(head) => (head.revision, head.workspace_version),
            None => return Ok((None, workflow_gone(execution, cx.now()))),
        },
    };
    let pinned = shared.cache.workflow(cx.tx, execution.workflow, execution.revision, &mut cx.learned)?;
    let current = shared.cache.workflow(cx.tx, execution.workflow, revision, &mut cx.learned)?;
    let workspace = shared.cache.workspace(cx.tx, execution.workspace, version, &mut cx.learned)?;
    let call = match execution.steps.last() {
        Some(step) if step.status == StepStatus::Running => Some(calls::get(cx.tx, execution.id, execution.steps.len())?),
        _ => None,
    };
    let resume = match (&call, run.reply.as_deref()) {
        (Some(call), Some((reply, took))) => Resume::Replied { call, reply, took: *took },
        (Some(call), None) => Resume::Call(call),
        (None, _) => Resume::Begin,
    };
    let input = execution::Run {
        execution,
        pinned: &pinned,
        current: &current,
        workspace: &workspace,
        task: task.as_ref().map(|task| task.task.clone()),
        resume,
        now: cx.env.now(),
        public_url: &shared.options.public_url,
        mail_from: shared.world.mail_from(),
        jitter: shared.entropy.fraction(),
    };
    let mut look = TxLook::new(cx.tx, &current, execution.task);
    let ran = execution::run(input, &mut look);
    let ran = look.finish(ran)?;
    Ok((Some(Loaded { task, workflow: current }), ran))
}

fn workflow_gone(execution: &Execution, now: Timestamp) -> Ran {
    Ran {
        task: None,
        deleted: false,
        comments: Vec::new(),
        timers: Vec::new(),
        left_stage: false,
        steps: execution.steps.clone(),
        spent: execution.spent,
        settled: None,
        next: Next::Finished(Status::Fail { finished_at: now, errors: vec![Refusal::WorkflowGone.told()] }),
    }
}

/// Writes what a run has done; answers with where it stands, or `None` where it has ended.
fn save(cx: &mut Cx<'_>, execution: &Execution, loaded: Option<Loaded>, ran: Ran) -> Outcome<Option<Pause>> {
    let mut rows = Vec::new();
    let mut version = 0;
    let (pause, status) = match ran.next {
        Next::Finished(status) => (None, status),
        Next::Call { call, timeout } => (Some(Pause::Call { call, timeout }), Status::Pending),
        Next::Wait { call, until } => (Some(Pause::Wait { call, until }), Status::Pending),
    };
    let mut snapshot = execution.snapshot.clone();
    if let Some(Loaded { task: Some(task), workflow }) = loaded {
        let mut after = ran.task.map_or_else(|| task.task.clone(), |(_, after)| after);
        let finished = pause.is_none().then_some(execution.sequence);
        rows = task_writes::save_change(cx, &workflow, &task, &mut after, finished)?;
        if ran.left_stage && after.stage == task.task.stage && task.timers > 0 {
            rows.extend(timers::leave_stage(cx, &after)?);
        }
        for text in &ran.comments {
            rows.push(super::comments::insert(cx, &after, execution.performer, text)?);
        }
        if ran.deleted {
            rows.push(task_writes::remove(cx, &after)?);
            snapshot = Some(after.clone());
        } else {
            rows.extend(timers::schedule(cx, execution.id, &after, ran.timers)?);
        }
        version = after.version;
    }
    for row in &mut rows {
        row.execution.get_or_insert(execution.id);
    }
    if let Some(call) = &ran.settled {
        calls::put(cx.tx, execution.workspace, execution.id, call)?;
    }
    let execution = Execution { status, steps: ran.steps, spent: ran.spent, snapshot, ..execution.clone() };
    match execution.status {
        Status::Pending => executions::progress(cx.tx, &execution)?,
        Status::Success { .. } | Status::Fail { .. } => {
            executions::finish(cx.tx, &execution)?;
            cx.learned.end(execution.id, &execution.status);
            rows.push(finished_activity(cx, &execution, version));
        }
    }
    cx.append(&rows)?;
    Ok(pause)
}

/// Ends an execution that nobody runs and that somebody does not want any more. Its job is left to keep its place in the queue.
pub(super) fn end_cancelled(cx: &mut Cx<'_>, execution: &mut Execution) -> Outcome<()> {
    let refusal = Refusal::Cancelled { by: execution.cancelled_by.clone().unwrap_or_default() };
    let errors = vec![refusal.told()];
    if let Some(step) = execution.steps.last_mut().filter(|step| step.status == StepStatus::Running) {
        *step = StepRecord { error: Some(errors[0].clone()), ..StepRecord::new(&step.kind, StepStatus::Fail) };
    }
    execution.status = Status::Fail { finished_at: cx.now(), errors };
    executions::finish(cx.tx, execution)?;
    cx.learned.end(execution.id, &execution.status);
    let task = tasks::load(cx.tx, execution.workspace, execution.workflow, execution.task, false)?;
    let row = finished_activity(cx, execution, task.map_or(0, |loaded| loaded.task.version));
    cx.append(&[row])
}

fn finished_activity(cx: &mut Cx<'_>, execution: &Execution, version: i64) -> Activity {
    let mut after = serde_json::Map::new();
    after.insert("action".to_owned(), execution.action.to_string().into());
    after.insert("status".to_owned(), execution.status.name().into());
    if let Status::Fail { errors, .. } = &execution.status {
        after.insert("errors".to_owned(), serde_json::json!(errors));
    }
    let skipped = execution.steps.iter().enumerate().filter(|(_, step)| step.status == StepStatus::Skipped);
    let skipped: Vec<usize> = skipped.map(|(index, _)| index + 1).collect();
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
    use crate::commands::{definitions, executions, workflows, workspaces};
    use crate::env::{Entropy, SystemClock};
    use crate::{Ask, Credential, Engine, EngineOptions, Surroundings};

    /// Works share a transaction, so a run may see a revision that is then rolled back, and whose number is given again.
    #[tokio::test]
    async fn a_run_that_is_rolled_back_leaves_nothing_in_the_cache() {
        let store = Store::open(Options::new(Place::Memory)).unwrap();
        let node = Id::from_i64(1).unwrap();
        let options = EngineOptions::new("", 1, node);
        let engine = Engine::new(store, Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_seed(1)), options);
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
            executions::start(
                cx,
                &workflow,
                &executions::Start { task: Some(made.task.id.to_string()), action: Some(action), ..executions::Start::default() },
            )?;
            Ok(workflow)
        };
        let workflow = engine.write(ask.clone(), prepare).await.unwrap();
        let now = engine.now();
        let jobs = engine
            .shared
            .store
            .write(move |tx| jobs::claim(tx, node, 1, now, &jobs::Room { workers: 1, calls: 0, calls_of: &|_| 0, imports: 0 }))
            .await
            .unwrap()
            .jobs;

        let (document, of) = (named("Rolled back"), workflow.clone());
        let rolled_back = move |cx: &mut Cx<'_>| -> Outcome<()> {
            definitions::save(cx, &of, &document, &Expected::Anything)?;
            let run = Run { fault: false, behind: Behind::Any, reply: None, permit: Arc::default() };
            run_job(cx.shared, cx.tx, &jobs[0], &run)?;
            Err(Refusal::IsInvalid.into())
        };
        engine.write(ask.clone(), rolled_back).await.unwrap_err();

        let (document, of) = (named("Second"), workflow.clone());
        engine.write(ask.clone(), move |cx| definitions::save(cx, &of, &document, &Expected::Anything)).await.unwrap();
        let found = engine.read(ask, move |cx| workflows::get(cx, &workflow)).await.unwrap();
        assert_eq!((found.workflow.name.as_str(), found.workflow.revision), ("Second", 2));
    }
}
