//! Roles: what a collaborator may do in the workflow. A key left out has Collaborator's value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{ByField, is_false};
use crate::ids::Id;
use crate::limits::NAME_CHARACTERS_MAX;

/// What a collaborator may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Given by the server; keep it to rename the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// May do all, and alone may change the definition.
    #[serde(default, skip_serializing_if = "is_false")]
    pub admin: bool,
    /// Left out: create, edit and export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<TaskRights>,
    /// Which tasks are seen. Left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Whom tasks may be assigned to. Left out: anyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigning: Option<Assigning>,
    /// Whether the stage changes only by actions, or also by hand. Left out: actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<Moving>,
    /// The actions that may be taken. Left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Left out: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytics: Option<bool>,
    /// Fields that are not fully editable for this role.
    #[serde(default, skip_serializing_if = "ByField::is_empty")]
    pub fields: ByField<FieldRight>,
}

/// What may be done with tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskRights {
    /// Left out: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<bool>,
    /// Left out: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<bool>,
    /// Left out: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<bool>,
    /// Left out: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<bool>,
    /// Left out: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<bool>,
}

/// Which tasks a role sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    All,
    /// Only those assigned to the user; other collaborators are not shown either.
    Assigned,
}

/// Whom a role may assign tasks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assigning {
    Anyone,
    #[serde(rename = "self")]
    Myself,
    Nobody,
}

/// How a role may change the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moving {
    /// Only by actions.
    Actions,
    /// To any stage by hand, too.
    ByHand,
}

/// What a role may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldRight {
    Hidden,
    ReadOnly,
    Editable,
}
