//! One run of an action's steps on one task: accepted, checked again, decided step by step.
//!
//! To add a step: its document form in `definition`, its [`crate::workflow::StepKind`], and an arm in
//! `step::take`; the compiler lists every other place.

mod accept;
mod answer;
pub mod call;
mod derived;
mod dry_run;
mod foresight;
pub mod quote;
mod render;
mod retry;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod update;

pub use accept::{Explanation, accept, accept_retry, explain, retried_steps};
pub use derived::from_hidden;
pub use dry_run::{Does, DryRun, Foreseen, dry_run};
pub use foresight::{Foresight, Reader, show as show_dry_run};
pub use run::{Next, Ran, Resume, Run, run};
pub use step::Timer;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::condition::Scene;
use crate::ids::Id;
use crate::task::Task;
use crate::time::Timestamp;
use crate::told::Told;
use crate::workflow::Action;

#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    pub id: Id,
    pub workspace: Id,
    pub workflow: Id,
    pub task: Id,
    pub action: Id,
    /// The definition's revision that it runs on.
    pub revision: i64,
    /// Its place among the executions of its task.
    pub sequence: i64,
    pub performer: Actor,
    /// Who asked for it: the API key, also where a person performs.
    pub asked_by: Actor,
    pub request: Option<String>,
    pub created_at: Timestamp,
    pub status: Status,
    /// How its steps have gone so far; one that is running is the last. A retry begins with [`retried_steps`].
    pub steps: Vec<StepRecord>,
    /// The first execution of which this is a retry.
    pub retry_of: Option<Id>,
    /// Who asked it to end: it does before its next step.
    pub cancelled_by: Option<String>,
    /// What its calls have taken so far, waits not counted.
    pub spent: Duration,
    /// The task as it was when this execution deleted it.
    pub snapshot: Option<Task>,
    /// Of the task, which must still have it when this begins: it was quoted.
    pub quoted_version: Option<i64>,
}

impl Execution {
    /// The first one of its task, asked for by whoever performs it.
    pub fn new(id: Id, scene: &Scene<'_>, action: &Action) -> Execution {
        Execution {
            id,
            workspace: scene.workspace.id,
            workflow: scene.workflow.id,
            task: scene.task.id,
            action: action.id,
            revision: scene.workflow.revision,
            sequence: 1,
            performer: scene.performer,
            asked_by: scene.performer,
            request: None,
            created_at: scene.now,
            status: Status::Pending,
            steps: Vec::new(),
            retry_of: None,
            cancelled_by: None,
            spent: Duration::ZERO,
            snapshot: None,
            quoted_version: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Pending,
    Success { finished_at: Timestamp },
    Fail { finished_at: Timestamp, errors: Vec<Told> },
}

impl Status {
    pub fn name(&self) -> &'static str {
        match self {
            Status::Pending => "Pending",
            Status::Success { .. } => "Success",
            Status::Fail { .. } => "Fail",
        }
    }

    pub fn finished_at(&self) -> Option<Timestamp> {
        match self {
            Status::Pending => None,
            Status::Success { finished_at } | Status::Fail { finished_at, .. } => Some(*finished_at),
        }
    }

    /// Only what has failed has any.
    pub fn errors(&self) -> Option<&[Told]> {
        match self {
            Status::Pending | Status::Success { .. } => None,
            Status::Fail { errors, .. } => Some(errors),
        }
    }
}

/// How one step went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub kind: String,
    pub status: StepStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Told>,
    /// Left out where the execution ended with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished_at: Option<Timestamp>,
}

impl StepRecord {
    pub fn new(kind: &str, status: StepStatus) -> StepRecord {
        StepRecord { kind: kind.to_owned(), status, error: None, finished_at: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    Pending,
    /// A call is under way or will be repeated.
    Running,
    Success,
    Fail,
    Skipped,
}

/// What a decision may have to look up in the same transaction; asked only where it matters.
pub trait Look {
    fn checklist(&mut self) -> Vec<StoredItem>;
    /// Whether another task of the workflow has this Unique ID.
    fn unique_id_taken(&mut self, unique_id: &str) -> bool;
    /// How many active tasks of the workflow each user has, in the order asked.
    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64>;
}
