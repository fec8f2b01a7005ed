//! Actions and the requirements that guard them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{Color, is_false};
use super::step::Step;
use crate::condition::ConditionTree;
use crate::ids::Id;
use crate::limits::{NAME_CHARACTERS_MAX, STEPS_MAX};

/// Something that can be done to a task in certain stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Given by the server; keep it to rename the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// Left out: gray.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// The stages in which it may be taken.
    #[schemars(length(min = 1))]
    pub from: Vec<String>,
    /// What must hold before it may run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// What it does, in order; when one step fails the later ones do not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = STEPS_MAX))]
    pub steps: Vec<Step>,
    /// `quote`: the API must show a quote of a dry run. Left out: not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// Fields that the page asks for when the action is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<String>,
    /// Where the page goes afterwards. Left out: stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    /// Whether the page celebrates.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confetti: bool,
}

/// What must come before the action by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    Quote,
}

/// Where the page goes after the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum After {
    Stay,
    Next,
    List,
}

/// A condition that must hold before an action may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "require", rename_all = "snake_case")]
pub enum Requirement {
    Fields(FieldsRequirement),
    Checklist(ChecklistRequirement),
    Assigned(AssignedRequirement),
    Performer(PerformerRequirement),
    Condition(ConditionRequirement),
    Confirmation(ConfirmationRequirement),
}

/// Each named field is not blank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsRequirement {
    #[schemars(length(min = 1))]
    pub fields: Vec<String>,
}

/// Every item of the current stage's checklist is completed or skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistRequirement {}

/// The task has an assignee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignedRequirement {
    /// `performer`: the assignee must be who takes the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<AssignedTo>,
}

/// Whom the task must be assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignedTo {
    Performer,
}

/// Separation of duties: the performer is none of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerformerRequirement {
    #[schemars(length(min = 1))]
    pub not: Vec<NotPerformer>,
}

/// Who may not be the performer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotPerformer {
    Creator,
    Assignee,
    /// Who last took this action on the task.
    Action(String),
}

/// The condition holds for the task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionRequirement {
    pub condition: ConditionTree,
    /// What is said when it does not hold.
    pub message: String,
}

/// The person confirms in the page; not asked by the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationRequirement {
    /// A text with interpolation.
    pub title: String,
    /// A text with interpolation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Requirement {
    /// Its `require`.
    pub fn name(&self) -> &'static str {
        match self {
            Requirement::Fields(_) => "fields",
            Requirement::Checklist(_) => "checklist",
            Requirement::Assigned(_) => "assigned",
            Requirement::Performer(_) => "performer",
            Requirement::Condition(_) => "condition",
            Requirement::Confirmation(_) => "confirmation",
        }
    }
}
