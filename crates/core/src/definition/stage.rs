//! Stages and their checklist templates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{Color, is_false};
use crate::ids::Id;
use crate::limits::NAME_CHARACTERS_MAX;

/// Where a task is; exactly one at any time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Given by the server; keep it to rename the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// Left out: gray.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// A task in an end stage is not active.
    #[serde(default, skip_serializing_if = "is_false")]
    pub end: bool,
    /// What has to be looked at in this stage; every task has these items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<ChecklistSection>,
}

/// Items of a checklist, with a heading or without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistSection {
    /// The heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    pub items: Vec<ChecklistItem>,
}

/// An item of a checklist; written as a mapping, or as its title alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ItemForm")]
pub struct ChecklistItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub title: String,
}

/// An item of a checklist.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ChecklistItem")]
enum ItemForm {
    /// The title alone.
    Title(String),
    Full(FullItem),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullItem {
    /// Given by the server; keep it to change the title and keep the ticks.
    #[serde(default)]
    id: Option<Id>,
    title: String,
}

impl From<ItemForm> for ChecklistItem {
    fn from(form: ItemForm) -> ChecklistItem {
        match form {
            ItemForm::Title(title) => ChecklistItem { id: None, title },
            ItemForm::Full(FullItem { id, title }) => ChecklistItem { id, title },
        }
    }
}
