//! Running the steps of an execution: a pure function from the task as it is to the task as it will be, up to the next call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::accept::{check_performer, check_requirements, check_stage};
use super::call::{Answer, Call, Reply, Request};
use super::step::{self, Effect, Timer};
use super::{Execution, Look, Status, StepRecord, StepStatus, answer, render, retry};
use crate::condition::{Scene, holds};
use crate::limits::{ANSWER_KEPT_BYTES, EXECUTION_TIME_MAX};
use crate::people::Workspace;
use crate::refusal::{Noun, Refusal};
use crate::task::Task;
use crate::time::Timestamp;
use crate::told::Told;
use crate::workflow::{AnswerUse, Policy, Step, StepKind, Workflow};

/// Why a step is skipped that is only kept.
pub(super) const NO_EFFECT: &str = "has no effect yet";

pub struct Run<'a> {
    pub execution: &'a Execution,
    /// The revision that the execution started with: its steps and requirements.
    pub pinned: &'a Workflow,
    /// The workflow as it is: which stages, fields and people there are.
    pub current: &'a Workflow,
    pub workspace: &'a Workspace,
    /// As it is now; `None` where it is gone.
    pub task: Option<Task>,
    pub resume: Resume<'a>,
    pub now: Timestamp,
    pub public_url: &'a str,
    /// Whom e-mails are from, where a mail server is set.
    pub mail_from: Option<&'a str>,
    /// A random number in [0, 1).
    pub jitter: f64,
}

/// Where the execution stands.
#[derive(Clone, Copy)]
pub enum Resume<'a> {
    /// At its beginning.
    Begin,
    /// At a call that waits to be repeated, or that was interrupted.
    Call(&'a Call),
    /// At a call that has just ended; it took so long.
    Replied { call: &'a Call, reply: &'a Reply, took: Duration },
}

/// What a run did. The task is as the last successful step left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// As it was before and is now; `None` where there was no task to run on.
    pub task: Option<(Task, Task)>,
    /// In this run.
    pub deleted: bool,
    pub comments: Vec<String>,
    pub timers: Vec<Timer>,
    /// Even if it came back.
    pub left_stage: bool,
    pub steps: Vec<StepRecord>,
    pub spent: Duration,
    /// The call that was under way, as it is now that it is over.
    pub settled: Option<Call>,
    pub next: Next,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    Finished(Status),
    /// Goes out as soon as this is saved, and may take so long.
    Call {
        call: Call,
        timeout: Duration,
    },
    /// Goes out again, not before that moment.
    Wait {
        call: Call,
        until: Timestamp,
    },
}

pub fn run(input: Run<'_>, look: &mut dyn Look) -> Ran {
    watched(input, look, &mut |_, _, _| {})
}

/// Told of each effect: the number of its step, and the task before it.
pub(super) type Watch<'a> = &'a mut dyn FnMut(usize, &Task, &Effect);

pub(super) fn watched(input: Run<'_>, look: &mut dyn Look, watch: Watch<'_>) -> Ran {
    let snapshot = input.execution.snapshot.clone();
    let gone = snapshot.is_some();
    let Some(task) = snapshot.or_else(|| input.task.clone()) else {
        return refused(&input, vec![Refusal::NoTask]);
    };
    let Some(action) = input.pinned.action(input.execution.action) else {
        return refused(&input, vec![Refusal::not_found(Noun::Action)]);
    };
    if let Resume::Begin = input.resume {
        if let Some(by) = &input.execution.cancelled_by {
            return refused(&input, vec![Refusal::Cancelled { by: by.clone() }]);
        }
        let scene = scene_of(&input, input.pinned, &task);
        let is_retry = !input.execution.steps.is_empty();
        // Somebody has been quicker than the run.
        if !is_retry && input.execution.quoted_version.is_some_and(|version| version != task.version) {
            return refused(&input, vec![Refusal::ChangedSinceQuote { what: "The task".to_owned(), values: None }]);
        }
        let allowed = check_performer(&scene, input.current, action);
        let allowed = allowed.and_then(|()| if is_retry { Ok(()) } else { check_stage(&scene, input.current, action) });
        let allowed = allowed.and_then(|()| if is_retry { Ok(()) } else { check_requirements(&scene, action, look) });
        if let Err(refusals) = allowed {
            return refused(&input, refusals);
        }
    }
    let mut running = Running {
        ran: Ran {
            task: Some((task.clone(), task)),
            deleted: false,
            comments: Vec::new(),
            timers: Vec::new(),
            left_stage: false,
            steps: begun(&input.execution.steps),
            spent: input.execution.spent,
            settled: None,
            next: Next::Finished(Status::Success { finished_at: input.now }),
        },
        input: &input,
        action: &action.name,
        steps: &action.steps,
        gone,
        look,
        watch,
    };
    running.go();
    running.end()
}

/// Without the one that a retry is to go on with.
fn begun(steps: &[StepRecord]) -> Vec<StepRecord> {
    steps.iter().take_while(|step| step.status != StepStatus::Pending).cloned().collect()
}

/// An execution that does nothing more and says why, with the words of the 422.
fn refused(input: &Run<'_>, refusals: Vec<Refusal>) -> Ran {
    let errors: Vec<Told> = refusals.iter().map(Refusal::told).collect();
    let mut steps = input.execution.steps.clone();
    if let Some(running) = steps.last_mut().filter(|step| step.status == StepStatus::Running) {
        running.status = StepStatus::Fail;
        running.error = Some(Told::joined(&errors));
    }
    Ran {
        task: input.task.clone().map(|task| (task.clone(), task)),
        deleted: false,
        comments: Vec::new(),
        timers: Vec::new(),
        left_stage: false,
        steps,
        spent: input.execution.spent,
        settled: match input.resume {
            Resume::Replied { call, reply, .. } => Some(answered(call, reply)),
            Resume::Call(call) => Some(Call { open: false, ..call.clone() }),
            Resume::Begin => None,
        },
        next: Next::Finished(Status::Fail { finished_at: input.now, errors }),
    }
}

/// The call with what came of its attempt.
fn answered(call: &Call, reply: &Reply) -> Call {
    let error = failure(reply).map(|told| told.whole().to_owned());
    let mut call = Call { open: false, failures: call.failures + u32::from(error.is_some()), error, ..call.clone() };
    if let Reply::Answered(answer) = reply {
        call.status = Some(answer.status);
        call.answer = Some(kept(answer));
    }
    call
}

fn scene_of<'a>(input: &'a Run<'_>, workflow: &'a Workflow, task: &'a Task) -> Scene<'a> {
    Scene { workspace: input.workspace, workflow, task, performer: input.execution.performer, now: input.now, public_url: input.public_url }
}

/// A run on its way through the steps.
struct Running<'a, 'b> {
    input: &'a Run<'b>,
    action: &'a str,
    steps: &'a [Step],
    ran: Ran,
    /// The execution has deleted the task: what is left is a picture of it.
    gone: bool,
    look: &'a mut dyn Look,
    watch: Watch<'a>,
}

/// What came of a step.
enum Taken {
    Skipped(Option<&'static str>),
    Effect(Effect),
    Request(Request),
}

impl Running<'_, '_> {
    fn go(&mut self) {
        let over = match self.input.resume {
            Resume::Begin => true,
            Resume::Call(call) => self.repeat(call),
            Resume::Replied { call, reply, took } => self.settle(call, reply, took),
        };
        if !over {
            return;
        }
        while let Some(step) = self.steps.get(self.ran.steps.len()) {
            if let Some(by) = &self.input.execution.cancelled_by {
                let refusal = Refusal::Cancelled { by: by.clone() };
                self.ran.next = Next::Finished(Status::Fail { finished_at: self.input.now, errors: vec![refusal.told()] });
                return;
            }
            if !self.take(step) {
                return;
            }
        }
    }

    /// A call that was claimed anew. It never ends here well.
    fn repeat(&mut self, call: &Call) -> bool {
        let Some(policy) = self.policy(call) else { return self.fail(&[Refusal::not_found(Noun::Action)]) };
        if let Some(by) = &self.input.execution.cancelled_by {
            return self.fail_unanswered(call, Refusal::Cancelled { by: by.clone() });
        }
        if call.open && policy.never_repeat {
            return self.fail_unanswered(call, Refusal::OutcomeUnknown);
        }
        if self.ran.spent >= EXECUTION_TIME_MAX {
            return self.fail_unanswered(call, Refusal::TimeIsUp);
        }
        let again = Call { attempts: call.attempts + 1, open: true, ..call.clone() };
        self.send(again, policy.timeout)
    }

    fn fail_unanswered(&mut self, call: &Call, refusal: Refusal) -> bool {
        self.ran.settled = Some(Call { open: false, ..call.clone() });
        self.fail(&[refusal])
    }

    /// `true`: the step has succeeded.
    fn settle(&mut self, call: &Call, reply: &Reply, took: Duration) -> bool {
        self.ran.spent += took;
        let call = answered(call, reply);
        let Some(told) = failure(reply).cloned() else {
            self.ran.settled = Some(call);
            return match self.use_answer(reply) {
                Ok(()) => {
                    self.mark(StepStatus::Success, None);
                    true
                }
                Err(refusals) => self.fail(&refusals),
            };
        };
        let policy = self.policy(&call);
        let until = policy.and_then(|policy| retry::again_at(&call, policy, reply, self.input.now, self.input.jitter));
        match (until, &self.input.execution.cancelled_by) {
            (Some(until), None) => {
                self.ran.next = Next::Wait { call, until };
                false
            }
            (Some(_), Some(by)) => {
                self.ran.settled = Some(call);
                self.fail(&[Refusal::Cancelled { by: by.clone() }])
            }
            (None, _) => {
                self.ran.settled = Some(call);
                self.fail(&[Refusal::CallFailed { told }])
            }
        }
    }

    fn policy(&self, call: &Call) -> Option<&Policy> {
        self.steps.get(call.step - 1)?.kind.policy()
    }

    fn use_answer(&mut self, reply: &Reply) -> Result<(), Vec<Refusal>> {
        let (Reply::Answered(answer), Some(step)) = (reply, self.ran.steps.len().checked_sub(1).and_then(|index| self.steps.get(index)))
        else {
            return Ok(());
        };
        let StepKind::ApiCall(call, _) = &step.kind else { return Ok(()) };
        let number = self.ran.steps.len();
        let (input, using, gone) = (self.input, &call.answer, self.gone);
        let Some((_, task)) = &mut self.ran.task else { unreachable!("steps run on a task") };
        let look = &mut *self.look;
        let apply = || answer::apply(using, answer, &scene_of(input, input.current, task), look);
        let after = guarded(number, apply)?;
        match after {
            Some(_) if gone => Err(vec![Refusal::NoTask]),
            Some(after) => {
                self.ran.left_stage |= leave(task, &after, &mut self.ran.timers);
                *task = after;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes the next step; `false`: the run ends with it.
    fn take(&mut self, step: &Step) -> bool {
        self.ran.steps.push(StepRecord::new(step.kind.name(), StepStatus::Running));
        let number = self.ran.steps.len();
        match guarded(number, || self.decide(step)) {
            Ok(Taken::Skipped(why)) => self.mark(StepStatus::Skipped, why.map(Told::plain)),
            Ok(Taken::Effect(effect)) => {
                self.apply(effect);
                self.mark(StepStatus::Success, None);
            }
            Ok(Taken::Request(request)) => {
                let call = Call {
                    step: number,
                    request,
                    attempts: 1,
                    failures: 0,
                    open: true,
                    started_at: self.input.now,
                    status: None,
                    answer: None,
                    error: None,
                };
                let timeout = step.kind.policy().map_or(Duration::ZERO, |policy| policy.timeout);
                return self.send(call, timeout);
            }
            Err(refusals) => return self.fail(&refusals),
        }
        true
    }

    fn decide(&mut self, step: &Step) -> Result<Taken, Vec<Refusal>> {
        let Some((_, task)) = &self.ran.task else { unreachable!("steps run on a task") };
        let scene = scene_of(self.input, self.input.current, task);
        if let StepKind::NoEffect { .. } = step.kind {
            return Ok(Taken::Skipped(Some(NO_EFFECT)));
        }
        if step.when.as_ref().is_some_and(|when| !holds(when, &scene)) {
            return Ok(Taken::Skipped(None));
        }
        let request = match &step.kind {
            StepKind::ApiCall(call, _) if self.gone && matches!(call.answer, AnswerUse::Map(_)) => Err(Refusal::NoTask),
            StepKind::ApiCall(call, _) | StepKind::Zapier(call, _) => render::http(call, self.action, &scene),
            StepKind::Email(email, _) => render::email(email, self.input.mail_from, &scene),
            _ if self.gone => Err(Refusal::NoTask),
            kind => return step::take(kind, &scene, self.look).map(Taken::Effect),
        };
        request.map(Taken::Request).map_err(|refusal| vec![refusal])
    }

    fn apply(&mut self, effect: Effect) {
        if let Some((_, task)) = &self.ran.task {
            (self.watch)(self.ran.steps.len(), task, &effect);
        }
        match (effect, &mut self.ran.task) {
            (Effect::Task(after), Some((_, task))) => {
                self.ran.left_stage |= leave(task, &after, &mut self.ran.timers);
                *task = *after;
            }
            (Effect::Task(_), None) => unreachable!("steps run on a task"),
            (Effect::Comment(text), _) => self.ran.comments.push(text),
            (Effect::Timer(timer), _) => self.ran.timers.push(timer),
            (Effect::Delete, _) => {
                self.ran.deleted = true;
                self.gone = true;
            }
        }
    }

    fn send(&mut self, call: Call, timeout: Duration) -> bool {
        let left = EXECUTION_TIME_MAX.saturating_sub(self.ran.spent);
        if left.is_zero() {
            return self.fail(&[Refusal::TimeIsUp]);
        }
        self.ran.next = Next::Call { call, timeout: timeout.min(left) };
        false
    }

    fn fail(&mut self, refusals: &[Refusal]) -> bool {
        let errors: Vec<Told> = refusals.iter().map(Refusal::told).collect();
        self.mark(StepStatus::Fail, Some(Told::joined(&errors)));
        self.ran.next = Next::Finished(Status::Fail { finished_at: self.input.now, errors });
        false
    }

    /// How the step went that was running.
    fn mark(&mut self, status: StepStatus, error: Option<Told>) {
        if let Some(step) = self.ran.steps.last_mut() {
            step.status = status;
            step.error = error;
        }
    }

    fn end(self) -> Ran {
        let Running { input, steps, mut ran, .. } = self;
        match &ran.next {
            Next::Finished(status) => {
                if let (Status::Success { .. }, Some((_, after))) = (status, &mut ran.task) {
                    after.performers.insert(input.execution.action, input.execution.performer);
                }
                let rest = steps.iter().skip(ran.steps.len());
                ran.steps.extend(rest.map(|step| StepRecord::new(step.kind.name(), StepStatus::Pending)));
            }
            // The execution goes on: what has ended says when.
            Next::Call { .. } | Next::Wait { .. } => {
                let ended = ran.steps.iter_mut().filter(|step| step.status != StepStatus::Running && step.finished_at.is_none());
                ended.for_each(|step| step.finished_at = Some(input.now));
            }
        }
        ran
    }
}

/// A fault in one step must not take the others' executions, or the server, with it.
fn guarded<T>(step: usize, work: impl FnOnce() -> Result<T, Vec<Refusal>>) -> Result<T, Vec<Refusal>> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(vec![Refusal::Panicked { step: Some(step) }]))
}

/// Whether the task leaves its stage; then what was to happen from there does not.
pub(super) fn leave(before: &Task, after: &Task, timers: &mut [Timer]) -> bool {
    let leaves = before.stage != after.stage;
    timers.iter_mut().for_each(|timer| timer.left |= leaves && !timer.keep);
    leaves
}

/// `None`: it did what it should.
fn failure(reply: &Reply) -> Option<&Told> {
    match reply {
        Reply::Answered(answer) => answer.failure.as_ref(),
        Reply::Delivered => None,
        Reply::Failed(failure) => Some(&failure.told),
    }
}

fn kept(answer: &Answer) -> String {
    let start = &answer.body[..answer.body.len().min(ANSWER_KEPT_BYTES)];
    // PostgreSQL's texts have no NUL.
    String::from_utf8_lossy(start).replace('\0', "\u{fffd}")
}
