//! One record of a workflow.

pub mod body;
mod change;
pub mod show;
mod show_state;

pub use change::{Change, NotAChange, apply_change};
pub use show_state::show_state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::ids::Id;
use crate::time::Timestamp;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: Id,
    pub workflow: Id,
    pub stage: Id,
    pub assignee: Option<Id>,
    /// By field; a blank field has no entry.
    pub values: BTreeMap<Id, Value>,
    /// Raised when stage, assignee or a value changes.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Actor,
    /// Who last took each action with success, for the separation of duties.
    pub performers: BTreeMap<Id, Actor>,
}
