//! Fields and their options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{Color, is_false};
use crate::ids::Id;
use crate::limits::{FILES_A_FIELD_MAX, NAME_CHARACTERS_MAX};

/// A typed column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Given by the server; keep it to rename the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Unique in the workflow without case; does not begin with `_` or `-`.
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// A new task needs a value, and a later edit may not blank it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// false: set at creation, by steps, by data sync and by a full API key; never by a person. Left out: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editable: Option<bool>,
    /// The choices of a singleSelect or multipleSelect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<SelectOption>>,
    /// The ISO 4217 code of a currency, such as USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Whether a uniqueId is counted up by Baton instead of given by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoincrement: Option<bool>,
    /// How many attachments a file field takes. Left out: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = FILES_A_FIELD_MAX))]
    pub limit: Option<u32>,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldType {
    Text,
    LongText,
    Number,
    Phone,
    Currency,
    Date,
    #[serde(rename = "datetime")]
    DateTime,
    Person,
    SingleSelect,
    MultipleSelect,
    Checkbox,
    UniqueId,
    File,
    Email,
    Url,
}

impl FieldType {
    /// As the document and the API write it.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Text => "text",
            FieldType::LongText => "longText",
            FieldType::Number => "number",
            FieldType::Phone => "phone",
            FieldType::Currency => "currency",
            FieldType::Date => "date",
            FieldType::DateTime => "datetime",
            FieldType::Person => "person",
            FieldType::SingleSelect => "singleSelect",
            FieldType::MultipleSelect => "multipleSelect",
            FieldType::Checkbox => "checkbox",
            FieldType::UniqueId => "uniqueId",
            FieldType::File => "file",
            FieldType::Email => "email",
            FieldType::Url => "url",
        }
    }

    pub fn has_options(self) -> bool {
        matches!(self, FieldType::SingleSelect | FieldType::MultipleSelect)
    }
}

/// A choice of a select field; written as a mapping, or as its name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "OptionForm")]
pub struct SelectOption {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

/// A choice of a select field.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SelectOption")]
enum OptionForm {
    /// The name alone.
    Name(String),
    Full(FullOption),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullOption {
    /// Given by the server; keep it to rename the option.
    #[serde(default)]
    id: Option<Id>,
    #[schemars(length(min = 1, max = NAME_CHARACTERS_MAX))]
    name: String,
    #[serde(default)]
    color: Option<Color>,
}

impl From<OptionForm> for SelectOption {
    fn from(form: OptionForm) -> SelectOption {
        match form {
            OptionForm::Name(name) => SelectOption { id: None, name, color: None },
            OptionForm::Full(FullOption { id, name, color }) => SelectOption { id, name, color },
        }
    }
}
