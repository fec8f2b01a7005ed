//! Automations: steps that run by themselves on a trigger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Duration;
use super::step::Step;
use crate::condition::ConditionTree;
use crate::ids::Id;
use crate::limits::{NAME_CHARACTERS_MAX, STEPS_MAX};

/// Steps that run by themselves on a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Automation {
    /// Given by the server; keep it to rename the automation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// What starts it.
    pub on: Trigger,
    /// It runs for the tasks for which this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionTree>,
    #[schemars(length(max = STEPS_MAX))]
    pub steps: Vec<Step>,
}

/// What starts an automation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Trigger {
    TaskCreated(TaskCreated),
    StageEntered(StageEntered),
    TaskUpdated(TaskUpdated),
    ActionPerformed(ActionPerformed),
    CommentAdded(CommentAdded),
    ChecklistCompleted(ChecklistCompleted),
    FormSubmitted(FormSubmitted),
    Schedule(Schedule),
    TimeInStage(TimeInStage),
}

/// A task is created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskCreated {}

/// A task enters a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageEntered {
    pub stage: String,
}

/// One of the fields of a task changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskUpdated {
    #[schemars(length(min = 1))]
    pub fields: Vec<String>,
}

/// An action has been taken with success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionPerformed {
    pub action: String,
}

/// A comment is added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentAdded {}

/// The checklist of a stage is completed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistCompleted {
    pub stage: String,
}

/// A form is submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormSubmitted {
    pub form: String,
}

/// By the clock, for each task that the automation's `when` selects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day of the month, month and day of the week.
    pub cron: String,
    /// An IANA time zone. Left out: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A task has been in a stage for longer than this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeInStage {
    pub stage: String,
    pub longer_than: Duration,
}
