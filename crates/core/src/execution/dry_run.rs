//! What an execution would do: found out by running it. Where that comes to a call, it goes on as if the call had gone well and
//! its answer set nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Call, Reply, Request};
use super::run::{Next, Resume, Run, leave, watched};
use super::step::{Effect, Timer};
use super::{Look, Status, StepRecord, StepStatus};
use crate::task::{Change, Task};
use crate::told::Told;
use crate::workflow::{AnswerUse, StepKind};

#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// The task as it would be, or as it would be when it is deleted.
    pub task: Task,
    pub steps: Vec<Foreseen>,
    /// Why it would fail; nothing where it would succeed.
    pub errors: Vec<Told>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    pub record: StepRecord,
    pub does: Option<Does>,
    /// No answer can have a say in it.
    pub certain: bool,
}

/// What a step would do; one that fails or is skipped does nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    Change(Change),
    Comment(String),
    StageChange(Timer),
    Deletion,
    Request(Request),
}

/// The execution stands at its beginning, and its task is there.
pub fn dry_run(input: &Run<'_>, look: &mut dyn Look) -> DryRun {
    let mut execution = input.execution.clone();
    let mut task = input.task.clone();
    let mut call: Option<Call> = None;
    let mut does = BTreeMap::new();
    let (steps, errors) = loop {
        let resume = match &call {
            None => Resume::Begin,
            Some(call) => Resume::Replied { call, reply: &Reply::Delivered, took: Duration::ZERO },
        };
        let run = Run { execution: &execution, task: task.clone(), resume, ..*input };
        let ran = watched(run, look, &mut |step, before, effect| note(&mut does, step, before, effect));
        let gone = execution.snapshot.is_some() || ran.deleted;
        let saved = ran.task.map(|(before, after)| saved(input, &before, after));
        match (gone, saved) {
            (true, saved) => execution.snapshot = saved.or(execution.snapshot),
            (false, saved) => task = saved,
        }
        match ran.next {
            Next::Finished(Status::Fail { errors, .. }) => break (ran.steps, errors),
            Next::Finished(Status::Pending | Status::Success { .. }) => break (ran.steps, Vec::new()),
            Next::Call { call: next, .. } | Next::Wait { call: next, .. } => {
                does.insert(next.step, Does::Request(next.request.clone()));
                execution.steps = ran.steps;
                call = Some(next);
            }
        }
    };
    let sets = sets_fields(input);
    let mut certain = true;
    let foresee = |(index, record): (usize, StepRecord)| {
        let does = does.remove(&(index + 1)).filter(|_| record.status == StepStatus::Success);
        certain &= !(matches!(does, Some(Does::Request(_))) && sets.get(index) == Some(&true));
        Foreseen { record, does, certain }
    };
    let steps = steps.into_iter().enumerate().map(foresee).collect();
    let task = execution.snapshot.or(task).expect("a dry run has a task");
    DryRun { task, steps, errors }
}

/// A task as it is written before a call, and so read after it.
fn saved(input: &Run<'_>, before: &Task, after: Task) -> Task {
    if Change::between(before, &after).is_empty() {
        return after;
    }
    Task { version: before.version + 1, updated_at: input.now, ..after }
}

fn note(does: &mut BTreeMap<usize, Does>, step: usize, before: &Task, effect: &Effect) {
    let done = match effect {
        Effect::Task(after) => {
            for earlier in does.values_mut() {
                if let Does::StageChange(timer) = earlier {
                    leave(before, after, std::slice::from_mut(timer));
                }
            }
            Does::Change(Change::between(before, after))
        }
        Effect::Comment(text) => Does::Comment(text.clone()),
        Effect::Timer(timer) => Does::StageChange(timer.clone()),
        Effect::Delete => Does::Deletion,
    };
    does.insert(step, done);
}

/// Of each step, whether it is a call whose answer may set fields.
fn sets_fields(input: &Run<'_>) -> Vec<bool> {
    let steps = input.pinned.action(input.execution.action).map(|action| action.steps.as_slice()).unwrap_or_default();
    let sets = |kind: &StepKind| matches!(kind, StepKind::ApiCall(call, _) if call.answer != AnswerUse::Ignored);
    steps.iter().map(|step| sets(&step.kind)).collect()
}
