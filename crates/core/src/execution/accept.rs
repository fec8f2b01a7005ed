//! Whether an action may be taken now. Asked when an execution is accepted and again when it starts to run.

use super::{Look, StepRecord, StepStatus};
use crate::access;
use crate::condition::Scene;
use crate::refusal::Refusal;
use crate::requirement;
use crate::workflow::{Action, Workflow};

/// Permission, then stage, then the fields given with it, then requirements: only the first kind that says no is told, all of that
/// kind. The scene's task has the fields already; `given` says which of them could not be set.
pub fn accept(scene: &Scene<'_>, action: &Action, given: Result<(), Vec<Refusal>>, look: &mut dyn Look) -> Result<(), Vec<Refusal>> {
    check_performer(scene, scene.workflow, action)?;
    check_stage(scene, scene.workflow, action)?;
    given?;
    check_requirements(scene, action, look)
}

/// Everything that speaks against an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Permission and stage.
    pub reasons: Vec<Refusal>,
    /// Fields that could not be set, and what is required and not there.
    pub errors: Vec<Refusal>,
}

impl Explanation {
    pub fn is_available(&self) -> bool {
        self.reasons.is_empty() && self.errors.is_empty()
    }
}

/// What [`accept`] would say, of every kind.
pub fn explain(scene: &Scene<'_>, action: &Action, given: Result<(), Vec<Refusal>>, look: &mut dyn Look) -> Explanation {
    let told = |said: Result<(), Vec<Refusal>>| said.err().unwrap_or_default();
    Explanation {
        reasons: [check_performer(scene, scene.workflow, action), check_stage(scene, scene.workflow, action)].map(told).concat(),
        errors: [given, check_requirements(scene, action, look)].map(told).concat(),
    }
}

/// The steps of a retry: those that it leaves out, and as Pending the one that it goes on with. None where the last one failed
/// before its first step.
pub fn retried_steps(last: &[StepRecord]) -> Vec<StepRecord> {
    let done = last.iter().take_while(|step| matches!(step.status, StepStatus::Success | StepStatus::Skipped));
    let mut steps: Vec<StepRecord> = done.map(|step| StepRecord::new(&step.kind, StepStatus::Skipped)).collect();
    steps.extend(last.get(steps.len()).map(|step| StepRecord::new(&step.kind, StepStatus::Pending)));
    steps
}

/// A retry goes on where the first one failed: what held when that began is not asked again, who performs it is. One that
/// failed before its first step has nothing to go on from.
pub fn accept_retry(scene: &Scene<'_>, action: &Action, steps: &[StepRecord], look: &mut dyn Look) -> Result<(), Vec<Refusal>> {
    if steps.is_empty() { accept(scene, action, Ok(()), look) } else { check_performer(scene, scene.workflow, action) }
}

pub(super) fn check_performer(scene: &Scene<'_>, current: &Workflow, action: &Action) -> Result<(), Vec<Refusal>> {
    match scene.performer.user() {
        Some(user) => access::check_performer(scene.workspace, current, user, action, scene.task).map_err(|refusal| vec![refusal]),
        None => Ok(()),
    }
}

/// `current`: the workflow as it is, for the task may stand in a stage that the scene's revision does not have.
pub(super) fn check_stage(scene: &Scene<'_>, current: &Workflow, action: &Action) -> Result<(), Vec<Refusal>> {
    let stage = scene.task.stage;
    if action.from.contains(&stage) {
        return Ok(());
    }
    let known = current.stage(stage).or_else(|| scene.workflow.stage(stage));
    let stage = known.map_or_else(|| stage.to_string(), |stage| stage.name.clone());
    Err(vec![Refusal::WrongStage { action: action.name.clone(), stage }])
}

pub(super) fn check_requirements(scene: &Scene<'_>, action: &Action, look: &mut dyn Look) -> Result<(), Vec<Refusal>> {
    let unmet = requirement::unmet(scene, action, &mut || look.checklist());
    if unmet.is_empty() { Ok(()) } else { Err(unmet) }
}
