//! Stage changes to come: scheduled by a step, made when they are due, dropped when the task leaves its stage before.

use std::sync::Arc;

use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::env::Env;
use baton_core::execution::Timer;
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_core::task::Task;
use baton_store::Tx;
use baton_store::sql::timers::{self, TimerRow};
use baton_store::sql::{tasks, workflows};
use parking_lot::Mutex;
use serde_json::json;

use super::{runs, tasks as task_writes};
use crate::cache::Learned;
use crate::cx::{Cx, Outcome};
use crate::engine::Shared;
use crate::worker::Claims;

/// Stores what an execution has scheduled; answers with the history's rows. The task may have left the stage already.
pub(super) fn schedule(cx: &mut Cx<'_>, execution: Id, task: &Task, scheduled: Vec<Timer>) -> Outcome<Vec<Activity>> {
    let mut rows = Vec::new();
    let mut ending = 0;
    for mut timer in scheduled {
        if timer.from_now {
            timer.due_at = timer.due_at.plus_micros(timers::ahead_micros(cx.tx, cx.env.now())?);
        }
        let change = json!({ "stage": timer.to.id, "due_at": timer.due_at.to_string(), "keep": timer.keep });
        rows.push(Activity { after: Some(change.to_string()), ..cx.task_activity(Kind::StageChangeScheduled, task) });
        let row =
            TimerRow { id: cx.env.new_id(), workspace: cx.caller.workspace, workflow: task.workflow, task: task.id, execution, timer };
        if row.timer.left {
            rows.push(dropped(cx, task, &row, "the task has left its stage"));
            continue;
        }
        ending += i64::from(!row.timer.keep);
        timers::insert(cx.tx, &row)?;
    }
    if ending > 0 {
        timers::count_on_task(cx.tx, task.id, ending)?;
    }
    Ok(rows)
}

/// The task leaves its stage: what was to happen from there does not.
pub(super) fn leave_stage(cx: &mut Cx<'_>, task: &Task) -> Outcome<Vec<Activity>> {
    let ended = timers::drop_of_stage(cx.tx, task.id)?;
    Ok(ended.iter().map(|row| dropped(cx, task, row, "the task has left its stage")).collect())
}

fn dropped(cx: &mut Cx<'_>, task: &Task, row: &TimerRow, reason: &str) -> Activity {
    let before = json!({ "stage": row.timer.to.id, "due_at": row.timer.due_at.to_string(), "keep": row.timer.keep });
    Activity {
        execution: Some(row.execution),
        before: Some(before.to_string()),
        after: Some(json!({ "reason": reason }).to_string()),
        ..cx.task_activity(Kind::StageChangeDropped, task)
    }
}

/// Makes a change that is due: the change and the end of its timer are one transaction.
pub(crate) fn fire(shared: &Arc<Shared>, tx: &mut dyn Tx, row: &TimerRow) -> Outcome<Learned> {
    workflows::share(tx, row.workflow)?;
    let claims = Mutex::new(Claims::new(&shared.worker));
    let mut cx = runs::cx_of(shared, tx, &claims, row.workspace, Actor::Schedule, None);
    let loaded = tasks::load(cx.tx, row.workspace, row.workflow, row.task, true)?;
    // It was archived meanwhile.
    if loaded.as_ref().is_some_and(|loaded| loaded.archived) {
        return Ok(cx.learned);
    }
    // Another node has made it meanwhile, or the task was moved.
    if !timers::delete(cx.tx, row.id)? {
        return Ok(cx.learned);
    }
    let Some(mut loaded) = loaded else { return Ok(cx.learned) };
    if !row.timer.keep {
        timers::count_on_task(cx.tx, row.task, -1)?;
        loaded.timers -= 1;
    }
    let workflow = shared.cache.workflow(cx.tx, row.workflow, loaded.revision, &mut cx.learned)?;
    let mut rows = if workflow.stage(row.timer.to.id).is_some() {
        let mut after = Task { stage: row.timer.to.id, ..loaded.task.clone() };
        task_writes::save_change(&mut cx, &workflow, &loaded, &mut after, None)?
    } else {
        let gone = Refusal::PartGone { kind: "Stage", name: row.timer.to.name.clone() };
        vec![dropped(&mut cx, &loaded.task, row, &gone.to_string())]
    };
    for activity in &mut rows {
        activity.execution.get_or_insert(row.execution);
    }
    cx.append(&rows)?;
    Ok(cx.learned)
}
