//! Relations to other workflows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Id;
use crate::limits::NAME_CHARACTERS_MAX;

/// A relation between two workflows, with a name on each side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Given by the server; keep it to rename the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Unique among the workflow's fields and links.
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    /// The other workflow.
    pub to: String,
    pub relationship: Relationship,
    /// The link's name in the other workflow.
    pub inverse: String,
}

/// How many tasks stand on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    OneToOne,
    OneToMany,
    ManyToOne,
    ManyToMany,
}
