//! One run of an action's steps on one task.

use crate::actor::Actor;
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
