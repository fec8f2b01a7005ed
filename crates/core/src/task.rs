//! One record of a workflow.

use std::collections::BTreeMap;

use crate::actor::Actor;
use crate::ids::Id;
use crate::time::Timestamp;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq)]
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

/// What changed in a task: only what differs is listed, as (before, after).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub stage: Option<(Id, Id)>,
    pub assignee: Option<(Option<Id>, Option<Id>)>,
    pub values: BTreeMap<Id, (Option<Value>, Option<Value>)>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.stage.is_none() && self.assignee.is_none() && self.values.is_empty()
    }

    /// What leads from one state of a task to another.
    pub fn between(before: &Task, after: &Task) -> Change {
        let mut change = Change {
            stage: (before.stage != after.stage).then_some((before.stage, after.stage)),
            assignee: (before.assignee != after.assignee).then_some((before.assignee, after.assignee)),
            values: BTreeMap::new(),
        };
        for field in before.values.keys().chain(after.values.keys()) {
            let (old, new) = (before.values.get(field), after.values.get(field));
            if old != new {
                change.values.insert(*field, (old.cloned(), new.cloned()));
            }
        }
        change
    }
}
