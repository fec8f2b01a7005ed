//! Running the steps of an execution: a pure function from the task as it is to the task as it will be.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::accept::check_stage_and_requirements;
use super::step::{self, Effect};
use super::{Execution, Look, Status, StepRecord, StepStatus};
use crate::access;
use crate::condition::{Scene, holds};
use crate::people::Workspace;
use crate::refusal::Refusal;
use crate::task::Task;
use crate::time::Timestamp;
use crate::workflow::{Step, StepKind, Workflow};

pub struct Run<'a> {
    pub execution: &'a Execution,
    /// The revision that the execution started with: its steps and requirements.
    pub pinned: &'a Workflow,
    /// The workflow as it is: which stages, fields and people there are.
    pub current: &'a Workflow,
    pub workspace: &'a Workspace,
    pub task: Option<Task>,
    pub now: Timestamp,
    pub public_url: &'a str,
}

/// What a run did. The task is as the last successful step left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// As it was before and is now; `None` where there was no task to run on.
    pub task: Option<(Task, Task)>,
    pub deleted: bool,
    pub comments: Vec<String>,
    pub steps: Vec<StepRecord>,
    pub status: Status,
}

pub fn run(input: Run<'_>, look: &mut dyn Look) -> Ran {
    let Some(task) = input.task.clone() else {
        return refused(&input, vec![Refusal::NoTask]);
    };
    let Some(action) = input.pinned.action(input.execution.action) else {
        return refused(&input, vec![Refusal::not_found(crate::refusal::Noun::Action)]);
    };
    let scene = Scene {
        workspace: input.workspace,
        workflow: input.pinned,
        task: &task,
        performer: input.execution.performer,
        now: input.now,
        public_url: input.public_url,
    };
    let permitted = match input.execution.performer.user() {
        Some(user) => access::check_performer(input.workspace, input.current, user, action, &task).map_err(|refusal| vec![refusal]),
        None => Ok(()),
    };
    if let Err(refusals) = permitted.and_then(|()| check_stage_and_requirements(&scene, input.current, action, look)) {
        return refused(&input, refusals);
    }
    take_steps(&input, &action.steps, task, look)
}

/// An execution that does nothing and says why, with the words of the 422.
fn refused(input: &Run<'_>, refusals: Vec<Refusal>) -> Ran {
    let errors = refusals.iter().map(Refusal::to_string).collect();
    Ran {
        task: input.task.clone().map(|task| (task.clone(), task)),
        deleted: false,
        comments: Vec::new(),
        steps: Vec::new(),
        status: Status::Fail { finished_at: input.now, errors },
    }
}

fn take_steps(input: &Run<'_>, steps: &[Step], task: Task, look: &mut dyn Look) -> Ran {
    let mut ran = Ran {
        task: Some((task.clone(), task)),
        deleted: false,
        comments: Vec::new(),
        steps: Vec::with_capacity(steps.len()),
        status: Status::Success { finished_at: input.now },
    };
    for (index, step) in steps.iter().enumerate() {
        let record = take_step(input, index, step, &mut ran, look);
        let failed = record.status == StepStatus::Fail;
        ran.steps.push(record);
        if failed {
            let rest = steps[index + 1..].iter().map(|step| StepRecord {
                kind: step.kind.name().to_owned(),
                status: StepStatus::Pending,
                error: None,
            });
            ran.steps.extend(rest);
            break;
        }
    }
    if let (Some((_, after)), Status::Success { .. }) = (&mut ran.task, &ran.status) {
        after.performers.insert(input.execution.action, input.execution.performer);
    }
    ran
}

fn take_step(input: &Run<'_>, index: usize, step: &Step, ran: &mut Ran, look: &mut dyn Look) -> StepRecord {
    let record = |status, error| StepRecord { kind: step.kind.name().to_owned(), status, error };
    let Some((_, task)) = &mut ran.task else { unreachable!("steps run on a task") };
    let scene = Scene {
        workspace: input.workspace,
        workflow: input.current,
        task,
        performer: input.execution.performer,
        now: input.now,
        public_url: input.public_url,
    };
    if let StepKind::NoEffect { .. } = step.kind {
        return record(StepStatus::Skipped, Some("has no effect yet".to_owned()));
    }
    let take = || {
        if step.when.as_ref().is_some_and(|when| !holds(when, &scene)) {
            return Ok(None);
        }
        if ran.deleted { Err(vec![Refusal::NoTask]) } else { step::take(&step.kind, &scene, look).map(Some) }
    };
    // A fault in one step must not take the others' executions, or the server, with it.
    match catch_unwind(AssertUnwindSafe(take)).unwrap_or_else(|_| Err(vec![Refusal::Panicked { step: Some(index + 1) }])) {
        Ok(None) => record(StepStatus::Skipped, None),
        Ok(Some(effect)) => {
            match effect {
                Effect::Task(after) => *task = *after,
                Effect::Comment(text) => ran.comments.push(text),
                Effect::Delete => ran.deleted = true,
            }
            record(StepStatus::Success, None)
        }
        Err(refusals) => {
            let errors: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
            let told = errors.join("; ");
            ran.status = Status::Fail { finished_at: input.now, errors };
            record(StepStatus::Fail, Some(told))
        }
    }
}
