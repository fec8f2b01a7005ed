//! An execution, as documented.

use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::told::Told;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownExecution<'a> {
    id: Id,
    status: &'static str,
    /// The errors of the step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<&'a str>>,
}

/// Whole: what the caller may not see has been taken out of them.
pub fn shown_errors(status: &Status) -> Option<Vec<&str>> {
    status.errors().map(|errors| errors.iter().map(Told::whole).collect())
}

impl<'a> From<&'a Execution> for ShownExecution<'a> {
    fn from(execution: &'a Execution) -> ShownExecution<'a> {
        ShownExecution { id: execution.id, status: execution.status.name(), errors: shown_errors(&execution.status) }
    }
}
