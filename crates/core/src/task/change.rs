//! What changed in a task: how the history keeps it, and how it leads from one state to the next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Task;
use crate::ids::Id;
use crate::time::Timestamp;
use crate::value::Value;

/// What changed in a task: only what differs is listed, as (before, after).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub stage: Option<(Id, Id)>,
    pub assignee: Option<(Option<Id>, Option<Id>)>,
    pub values: BTreeMap<Id, (Option<Value>, Option<Value>)>,
}

/// One side of a change as a JSON object of ids and stored values: `{"stage":"a","assignee":null,"values":{"b":{"t":"Ann"}}}`. A
/// key that is absent did not change; `null` is nobody or blank.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Side {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) assignee: Option<Option<Id>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) values: BTreeMap<Id, Option<Value>>,
}

/// Tells `null` from an absent key.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Id>>, D::Error> {
    Option::<Id>::deserialize(deserializer).map(Some)
}

/// The two texts are not the two sides of one change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a change of a task: {0}")]
pub struct NotAChange(String);

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

    /// For the columns `before` and `after` of the history.
    pub fn before_json(&self) -> String {
        side_json(&Side {
            stage: self.stage.map(|(before, _)| before),
            assignee: self.assignee.map(|(before, _)| before),
            values: self.values.iter().map(|(field, (before, _))| (*field, before.clone())).collect(),
        })
    }

    pub fn after_json(&self) -> String {
        side_json(&Side {
            stage: self.stage.map(|(_, after)| after),
            assignee: self.assignee.map(|(_, after)| after),
            values: self.values.iter().map(|(field, (_, after))| (*field, after.clone())).collect(),
        })
    }

    /// Reads back what [`Change::before_json`] and [`Change::after_json`] wrote.
    pub fn from_json(before: &str, after: &str) -> Result<Change, NotAChange> {
        let (mut before, after) = (read_side(before)?, read_side(after)?);
        let stage = match (before.stage, after.stage) {
            (None, None) => None,
            (Some(before), Some(after)) => Some((before, after)),
            _ => return Err(NotAChange("stage stands on one side only".to_owned())),
        };
        let assignee = match (before.assignee, after.assignee) {
            (None, None) => None,
            (Some(before), Some(after)) => Some((before, after)),
            _ => return Err(NotAChange("assignee stands on one side only".to_owned())),
        };
        let fields: BTreeSet<Id> = before.values.keys().copied().collect();
        if !after.values.keys().eq(fields.iter()) {
            return Err(NotAChange("before and after list different fields".to_owned()));
        }
        let values = after.values.into_iter().map(|(field, new)| (field, (before.values.remove(&field).flatten(), new))).collect();
        Ok(Change { stage, assignee, values })
    }
}

impl Task {
    /// Stage, assignee and all values, in the form of one side of a change: what the history keeps of a new or a deleted task.
    pub fn state_json(&self) -> String {
        side_json(&Side {
            stage: Some(self.stage),
            assignee: Some(self.assignee),
            values: self.values.iter().map(|(field, value)| (*field, Some(value.clone()))).collect(),
        })
    }

    /// Puts the state that [`Task::state_json`] wrote into `self`.
    pub fn with_state(mut self, state: &str) -> Result<Task, NotAChange> {
        let side = read_side(state)?;
        self.stage = side.stage.ok_or_else(|| NotAChange("stage is missing".to_owned()))?;
        self.assignee = side.assignee.flatten();
        self.values = side.values.into_iter().filter_map(|(field, value)| Some((field, value?))).collect();
        Ok(self)
    }
}

fn side_json(side: &Side) -> String {
    serde_json::to_string(side).expect("ids and values are always JSON")
}

pub(super) fn read_side(text: &str) -> Result<Side, NotAChange> {
    serde_json::from_str(text).map_err(|error| NotAChange(error.to_string()))
}

/// The task after a change. Total: what the change says to be before is not asked, so replaying a history in order
/// always gives the state that it left.
pub fn apply_change(mut task: Task, change: &Change, version: i64, at: Timestamp) -> Task {
    if let Some((_, stage)) = change.stage {
        task.stage = stage;
    }
    if let Some((_, assignee)) = change.assignee {
        task.assignee = assignee;
    }
    for (field, (_, after)) in &change.values {
        match after {
            Some(value) => task.values.insert(*field, value.clone()),
            None => task.values.remove(field),
        };
    }
    task.version = version;
    task.updated_at = at;
    task
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::{any_task, id, task};

    /// States that follow each other, some of which share most of their values, as after an edit.
    fn states() -> impl Strategy<Value = Vec<Task>> {
        vec((any_task(), any::<bool>()), 1..8).prop_map(|drawn| {
            let mut states: Vec<Task> = Vec::new();
            for (version, (mut state, whole)) in (1..).zip(drawn) {
                if let (false, Some(last)) = (whole, states.last()) {
                    state = Task { stage: state.stage, assignee: last.assignee, values: last.values.clone(), ..state };
                }
                states.push(Task { version, updated_at: Timestamp::from_micros(version), created_by: task().created_by, ..state });
            }
            states
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn replaying_the_history_gives_the_task(states in states()) {
            let first = &states[0];
            let unset = Task { stage: id(0), values: BTreeMap::new(), assignee: None, ..first.clone() };
            let mut replayed = unset.with_state(&first.state_json()).expect("a state");
            for pair in states.windows(2) {
                let change = Change::between(&pair[0], &pair[1]);
                let read = Change::from_json(&change.before_json(), &change.after_json());
                prop_assert_eq!(read.as_ref(), Ok(&change));
                replayed = apply_change(replayed, &change, pair[1].version, pair[1].updated_at);
                prop_assert_eq!(&replayed, &pair[1]);
            }
        }

        #[test]
        fn what_does_not_differ_is_not_listed(before in any_task(), after in any_task()) {
            prop_assert!(Change::between(&before, &before).is_empty());
            let change = Change::between(&before, &after);
            prop_assert!(change.values.values().all(|(old, new)| old != new));
            prop_assert_eq!(change.stage.is_some(), before.stage != after.stage);
            prop_assert_eq!(change.assignee.is_some(), before.assignee != after.assignee);
        }
    }

    #[test]
    fn the_form_in_the_history() {
        let field = id(62);
        let change = Change {
            stage: Some((id(1), id(2))),
            assignee: Some((None, Some(id(3)))),
            values: BTreeMap::from([(field, (None, Some(Value::Text("Ann".to_owned()))))]),
        };
        assert_eq!(change.before_json(), r#"{"stage":"1","assignee":null,"values":{"10":null}}"#);
        assert_eq!(change.after_json(), r#"{"stage":"2","assignee":"3","values":{"10":{"t":"Ann"}}}"#);
        assert_eq!(Change::default().before_json(), "{}");
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for (before, after) in [
            (r#"{"stage":"1"}"#, "{}"),
            ("{}", r#"{"assignee":null}"#),
            (r#"{"values":{"1":null}}"#, r#"{"values":{"2":null}}"#),
            (r#"{"values":{"1":null}}"#, "{}"),
            (r#"{"colour":"red"}"#, r#"{"colour":"blue"}"#),
            ("", ""),
        ] {
            assert!(Change::from_json(before, after).is_err(), "{before} {after}");
        }
    }
}
