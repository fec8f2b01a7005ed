//! One run of an action's steps on one task: accepted, checked again, decided step by step.
//!
//! To add a step: its document form in `definition`, its [`crate::workflow::StepKind`], and an arm in
//! `step::take`; the compiler lists every other place.

mod accept;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod update;

pub use accept::accept;
pub use run::{Ran, Run, run};

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::ids::Id;
use crate::time::Timestamp;

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
}

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Pending,
    Success { finished_at: Timestamp },
    Fail { finished_at: Timestamp, errors: Vec<String> },
}

impl Status {
    pub fn name(&self) -> &'static str {
        match self {
            Status::Pending => "Pending",
            Status::Success { .. } => "Success",
            Status::Fail { .. } => "Fail",
        }
    }
}

/// How one step went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub kind: String,
    pub status: StepStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    Pending,
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
