//! What each internal step does to a task.

use super::{Look, update};
use crate::access;
use crate::condition::Scene;
use crate::ids::Id;
use crate::limits::{COMMENT_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::refusal::Refusal;
use crate::task::Task;
use crate::template::Escape;
use crate::time::{Timestamp, midnight};
use crate::value::Value;
use crate::workflow::{AssignTo, Schedule, StageRef, StepKind, When};

pub(super) enum Effect {
    Task(Box<Task>),
    Comment(String),
    Timer(Timer),
    Delete,
}

/// A stage change to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Where the task was when it was scheduled.
    pub from: Id,
    pub to: StageRef,
    /// Whether it stays when the task leaves that stage.
    pub keep: bool,
    pub due_at: Timestamp,
    /// Reckoned from now, rather than a moment that the task names.
    pub from_now: bool,
    /// The task has left the stage since, and this does not stay.
    pub left: bool,
}

/// `scene.task` is the task as the step before left it; all or nothing of the step is done.
pub(super) fn take(kind: &StepKind, scene: &Scene<'_>, look: &mut dyn Look) -> Result<Effect, Vec<Refusal>> {
    let mut task = scene.task.clone();
    match kind {
        StepKind::MoveToStage { stage } => task.stage = still_there(stage, scene).map_err(|refusal| vec![refusal])?,
        StepKind::AssignTo(to) => task.assignee = assignee(to, scene, look).map_err(|refusal| vec![refusal])?,
        StepKind::UpdateData(updates) => task.values = update::values(updates, scene, look)?,
        StepKind::DeleteTask => return Ok(Effect::Delete),
        StepKind::AddComment { text } => {
            let text = text.render(scene, Escape::Plain, MESSAGE_BYTES_MAX).map_err(|refusal| vec![refusal])?;
            if text.trim().is_empty() {
                return Err(vec![Refusal::FieldRefused { field: "Comment".to_owned(), reason: Box::new(Refusal::IsRequired) }]);
            }
            if text.len() > COMMENT_BYTES_MAX {
                let reason = Box::new(Refusal::IsTooLong { bytes_max: COMMENT_BYTES_MAX });
                return Err(vec![Refusal::FieldRefused { field: "Comment".to_owned(), reason }]);
            }
            return Ok(Effect::Comment(text));
        }
        StepKind::ScheduleStageChange(schedule) => {
            let timer = timer(schedule, scene).map_err(|refusal| vec![refusal])?;
            return Ok(Effect::Timer(timer));
        }
        StepKind::ApiCall(..) | StepKind::Zapier(..) | StepKind::Email(..) | StepKind::NoEffect { .. } => {
            unreachable!("not taken on the task")
        }
    }
    Ok(Effect::Task(Box::new(task)))
}

fn still_there(stage: &StageRef, scene: &Scene<'_>) -> Result<Id, Refusal> {
    let gone = || Refusal::PartGone { kind: "Stage", name: stage.name.clone() };
    scene.workflow.stage(stage.id).map(|stage| stage.id).ok_or_else(gone)
}

fn timer(schedule: &Schedule, scene: &Scene<'_>) -> Result<Timer, Refusal> {
    still_there(&schedule.stage, scene)?;
    let due_at = match &schedule.when {
        When::After(wait) => scene.now.plus_micros(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)),
        When::At(reference) => {
            let gone = || Refusal::PartGone { kind: "Field", name: reference.name.clone() };
            let field = scene.workflow.field(reference.id).ok_or_else(gone)?;
            match scene.task.values.get(&field.id) {
                Some(Value::Date(date)) => midnight(*date, &scene.workspace.zone),
                Some(Value::DateTime(moment)) => *moment,
                _ => return Err(Refusal::FieldRequired { field: field.name.clone() }),
            }
        }
    };
    Ok(Timer {
        from: scene.task.stage,
        to: schedule.stage.clone(),
        keep: schedule.keep,
        due_at,
        from_now: matches!(schedule.when, When::After(_)),
        left: false,
    })
}

fn assignee(to: &AssignTo, scene: &Scene<'_>, look: &mut dyn Look) -> Result<Option<Id>, Refusal> {
    let collaborator = |email: &str| access::collaborator_by_email(scene.workspace, scene.workflow, email);
    match to {
        AssignTo::Nobody => Ok(None),
        AssignTo::User(email) => collaborator(email).map(Some).ok_or_else(|| Refusal::UserGone { email: email.clone() }),
        AssignTo::Performer => scene.performer.user().map(Some).ok_or(Refusal::NoPerson),
        AssignTo::PersonIn(field) => {
            if scene.workflow.field(field.id).is_none() {
                return Err(Refusal::PartGone { kind: "Field", name: field.name.clone() });
            }
            let Some(Value::Person(user)) = scene.task.values.get(&field.id) else { return Ok(None) };
            let email = || scene.workspace.user(*user).map_or_else(|| user.to_string(), |person| person.email.clone());
            access::of_user(scene.workspace, scene.workflow, *user).map(|_| Some(*user)).ok_or_else(|| Refusal::UserGone { email: email() })
        }
        AssignTo::RoundRobin(emails) => {
            let left: Vec<Id> = emails.iter().filter_map(|email| collaborator(email)).collect();
            if left.is_empty() {
                return Err(Refusal::NobodyLeft);
            }
            let counts = look.active_tasks(&left);
            // The first of those with the fewest, in the definition's order.
            Ok(left.iter().zip(counts).min_by_key(|(_, count)| *count).map(|(user, _)| *user))
        }
    }
}
