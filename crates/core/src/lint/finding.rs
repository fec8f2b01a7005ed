//! What the linter says.

use serde::Serialize;
use serde_json::Value as Json;

use super::code::Code;
use crate::condition::Column;
use crate::workflow::Workflow;

/// Something in a definition that will not do what it looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// As in the problems of a definition: `actions[0].steps[2]`.
    pub path: String,
    /// What is wrong, and how to mend it.
    pub message: String,
    /// A way through the workflow, or values, by which it shows.
    pub counterexample: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It may be meant so.
    Info,
    Warning,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
        }
    }
}

/// One point of a counterexample: each is an object with one key, a value one with two.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Point {
    Stage {
        stage: String,
    },
    Action {
        action: String,
    },
    Automation {
        automation: String,
    },
    Role {
        role: String,
    },
    /// A field or a special column that holds this; null where it is blank.
    Value {
        field: String,
        value: Json,
    },
    /// A field, whatever it holds.
    Field {
        field: String,
    },
}

impl Point {
    pub(super) fn stage(name: &str) -> Point {
        Point::Stage { stage: name.to_owned() }
    }

    pub(super) fn action(name: &str) -> Point {
        Point::Action { action: name.to_owned() }
    }

    pub(super) fn automation(name: &str) -> Point {
        Point::Automation { automation: name.to_owned() }
    }

    pub(super) fn role(name: &str) -> Point {
        Point::Role { role: name.to_owned() }
    }

    pub(super) fn blank(field: &str) -> Point {
        Point::Value { field: field.to_owned(), value: Json::Null }
    }
}

/// As conditions write it.
pub(super) fn column_name(workflow: &Workflow, column: Column) -> String {
    match column {
        Column::Field(id) => workflow.field(id).map(|field| field.name.clone()).unwrap_or_default(),
        Column::Stage => "Stage".to_owned(),
        Column::AssignedTo => "Assigned To".to_owned(),
        Column::CreatedOn => "Created On".to_owned(),
        Column::UpdatedOn => "Updated On".to_owned(),
        Column::CreatedBy => "Created By".to_owned(),
    }
}
