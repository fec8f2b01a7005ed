//! Forms by which tasks come in or are completed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::is_false;
use crate::ids::Id;
use crate::limits::NAME_CHARACTERS_MAX;

/// A page for people without an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Given by the server; keep it to rename the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    pub mode: FormMode,
    /// The heading of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub items: Vec<FormItem>,
}

/// Whether a form makes a task or fills one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormMode {
    Create,
    Update,
}

/// A field to fill in, or something to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FormItem {
    Field(FieldItem),
    Heading(HeadingItem),
    Text(TextItem),
    Image(ImageItem),
}

/// A field to fill in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldItem {
    pub field: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tooltip: Option<String>,
}

/// A heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadingItem {
    pub heading: String,
}

/// A text in Markdown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextItem {
    pub text: String,
}

/// An image by its address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageItem {
    pub image: String,
}
