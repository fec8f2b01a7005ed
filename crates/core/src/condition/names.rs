//! What the names in a condition or a template stand for.

use super::Column;
use crate::ids::Id;
use crate::suggest::did_you_mean;
use crate::workflow::{FieldKind, SelectOption, Workflow};

/// The names that may be used: the fields given (those that a role hides are left out by whoever makes this),
/// the stages, and the special columns.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    fields: Vec<(&'a str, Id, &'a FieldKind)>,
    stages: Vec<(&'a str, Id)>,
}

const SPECIAL_COLUMNS: [(&str, Column, ColumnType<'static>); 5] = [
    ("Stage", Column::Stage, ColumnType::Stage),
    ("Assigned To", Column::AssignedTo, ColumnType::Person),
    ("Created On", Column::CreatedOn, ColumnType::Moment),
    ("Updated On", Column::UpdatedOn, ColumnType::Moment),
    ("Created By", Column::CreatedBy, ColumnType::Person),
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColumnType<'a> {
    Field(&'a FieldKind),
    Stage,
    Person,
    Moment,
}

/// Columns of one class have the same operators and can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Class<'a> {
    Text,
    Number,
    Day,
    Moment,
    Person,
    Option(&'a [SelectOption]),
    Options(&'a [SelectOption]),
    Checkbox,
    Files,
    Stage,
}

impl<'a> Names<'a> {
    pub fn new(
        fields: impl IntoIterator<Item = (&'a str, Id, &'a FieldKind)>,
        stages: impl IntoIterator<Item = (&'a str, Id)>,
    ) -> Names<'a> {
        Names { fields: fields.into_iter().collect(), stages: stages.into_iter().collect() }
    }

    pub fn of(workflow: &'a Workflow) -> Names<'a> {
        Names::new(
            workflow.fields.iter().map(|field| (field.name.as_str(), field.id, &field.kind)),
            workflow.stages.iter().map(|stage| (stage.name.as_str(), stage.id)),
        )
    }

    pub fn column(&self, name: &str) -> Option<(Column, ColumnType<'a>)> {
        let special = SPECIAL_COLUMNS.iter().find(|(special, ..)| *special == name).map(|(_, column, kind)| (*column, *kind));
        special.or_else(|| {
            let (_, id, kind) = self.fields.iter().find(|(field, ..)| *field == name)?;
            Some((Column::Field(*id), ColumnType::Field(kind)))
        })
    }

    pub fn field(&self, name: &str) -> Option<Id> {
        self.fields.iter().find(|(field, ..)| *field == name).map(|(_, id, _)| *id)
    }

    pub fn stage(&self, name: &str) -> Option<Id> {
        self.stages.iter().find(|(stage, _)| *stage == name).map(|(_, id)| *id)
    }

    pub fn field_names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(|(name, ..)| *name)
    }

    /// `Emial is not a field; did you mean Email?`
    pub(super) fn not_a_field(&self, name: &str) -> String {
        let known = self.field_names().chain(SPECIAL_COLUMNS.iter().map(|(name, ..)| *name));
        format!("{name} is not a field{}", did_you_mean(name, known))
    }

    pub(super) fn not_a_stage(&self, name: &str) -> String {
        format!("{name} is not a stage{}", did_you_mean(name, self.stages.iter().map(|(name, _)| *name)))
    }
}

impl<'a> ColumnType<'a> {
    pub(crate) fn class(self) -> Class<'a> {
        match self {
            ColumnType::Stage => Class::Stage,
            ColumnType::Person => Class::Person,
            ColumnType::Moment => Class::Moment,
            ColumnType::Field(kind) => match kind {
                FieldKind::Text
                | FieldKind::LongText
                | FieldKind::Phone
                | FieldKind::UniqueId { .. }
                | FieldKind::Email
                | FieldKind::Url => Class::Text,
                FieldKind::Number | FieldKind::Currency { .. } => Class::Number,
                FieldKind::Date => Class::Day,
                FieldKind::DateTime => Class::Moment,
                FieldKind::Person => Class::Person,
                FieldKind::SingleSelect { options } => Class::Option(options),
                FieldKind::MultipleSelect { options } => Class::Options(options),
                FieldKind::Checkbox => Class::Checkbox,
                FieldKind::File { .. } => Class::Files,
            },
        }
    }
}

impl Class<'_> {
    /// Whether the values of two columns can be compared. A date counts as 00:00 beside a moment; options of two
    /// fields are compared by name.
    pub(super) fn compares_with(self, other: Class<'_>) -> bool {
        match self {
            Class::Day | Class::Moment => matches!(other, Class::Day | Class::Moment),
            Class::Text => other == Class::Text,
            Class::Number => other == Class::Number,
            Class::Person => other == Class::Person,
            Class::Checkbox => other == Class::Checkbox,
            Class::Option(_) => matches!(other, Class::Option(_)),
            Class::Options(_) | Class::Files | Class::Stage => false,
        }
    }

    /// As messages call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Class::Text => "a text",
            Class::Number => "a number",
            Class::Day => "a date",
            Class::Moment => "a date and time",
            Class::Person => "a person",
            Class::Option(_) => "a select",
            Class::Options(_) => "a multiple select",
            Class::Checkbox => "a checkbox",
            Class::Files => "a file field",
            Class::Stage => "the stage",
        }
    }
}
