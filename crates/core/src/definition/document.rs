//! The document itself: one type for everything that an admin can configure.
//!
//! The doc comments here become the descriptions of the JSON Schema that editors show, so they are written for
//! the author of a definition. References between parts are names; `id`s are the server's.
//! To add a key: add it here, and the schema, the structural check and the export follow.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::automation::Automation;
use super::data_sync::DataSync;
use super::field::Field;
use super::form::Form;
use super::layout::Layout;
use super::link::Link;
use super::migrate::Migrate;
use super::role::Role;
use super::stage::Stage;
use super::view::View;
use crate::limits::{ACTIONS_MAX, FIELDS_MAX, NAME_CHARACTERS_MAX, STAGES_MAX};

/// A workflow of Baton as one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Baton workflow definition")]
pub struct Definition {
    /// The workflow's name, unique in the workspace.
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// One emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// What one task is called, and several. Left out: Task and Tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Whether a full API key may set `Stage` in a task's body. Left out: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_by_api: Option<bool>,
    /// The typed columns of a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = FIELDS_MAX))]
    pub fields: Vec<Field>,
    /// Where a task can be. The first is where new tasks start.
    #[schemars(length(min = 1, max = STAGES_MAX))]
    pub stages: Vec<Stage>,
    /// What can be done to a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = ACTIONS_MAX))]
    pub actions: Vec<Action>,
    /// Steps that run by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automations: Vec<Automation>,
    /// What collaborators may do. Administrator and Collaborator are always there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// Saved views of the task list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// Forms by which tasks come in or are completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Form>,
    /// What the page of a task shows, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Relations to other workflows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// A query whose rows become tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sync: Option<DataSync>,
    /// Where tasks go whose stage or option is removed by this document. Not part of the definition: it is neither kept nor exported.
    #[serde(default, skip_serializing)]
    pub migrate: Option<Migrate>,
    /// Fields whose values may go, being removed, or whose removed options may. Neither kept nor exported.
    #[serde(default, skip_serializing)]
    pub confirm_loss: Vec<String>,
}

/// What the pages call a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub singular: String,
    pub plural: String,
}

/// A colour of the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    Gray,
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Purple,
    Pink,
}

impl Color {
    pub fn name(self) -> &'static str {
        match self {
            Color::Gray => "gray",
            Color::Red => "red",
            Color::Orange => "orange",
            Color::Yellow => "yellow",
            Color::Green => "green",
            Color::Teal => "teal",
            Color::Blue => "blue",
            Color::Purple => "purple",
            Color::Pink => "pink",
        }
    }
}

/// A number and a unit: `90s`, `10m`, `2h`, `3d`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Duration(#[schemars(regex(pattern = r"^[0-9]+[smhd]$"))] pub String);

/// Field names with something for each.
pub type ByField<T> = IndexMap<String, T>;

/// For keys whose absence means false.
pub(super) fn is_false(value: &bool) -> bool {
    !value
}
