//! Data sync: a query whose rows become tasks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Duration;

/// A query whose rows become tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSync {
    /// A data source of the workspace.
    pub source: String,
    pub query: String,
    /// The column that tells which task a row belongs to.
    pub unique_id: String,
    /// How often it runs.
    pub every: Duration,
    /// Which column goes to which field.
    pub columns: IndexMap<String, ColumnTarget>,
}

/// Where a column goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnTarget {
    /// A field by its name.
    Field(String),
    Full(FullTarget),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullTarget {
    pub field: String,
    /// Whether people may change what the sync has brought. Left out: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editable: Option<bool>,
}
