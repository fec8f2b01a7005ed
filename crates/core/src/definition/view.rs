//! Saved views of the task list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::is_false;
use crate::condition::ConditionTree;
use crate::ids::Id;
use crate::limits::NAME_CHARACTERS_MAX;

/// A saved view of the task list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Given by the server; keep it to rename the view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// One emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Which tasks are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<ConditionTree>,
    /// Columns to sort by; `-` in front: descending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<String>,
    /// The columns shown. Left out: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Shown when nothing else was chosen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
}
