//! An execution, as documented.

use baton_core::execution::Execution;
use baton_core::ids::Id;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownExecution<'a> {
    id: Id,
    status: &'static str,
    /// The errors of the step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [String]>,
}

impl<'a> From<&'a Execution> for ShownExecution<'a> {
    fn from(execution: &'a Execution) -> ShownExecution<'a> {
        ShownExecution { id: execution.id, status: execution.status.name(), errors: execution.status.errors() }
    }
}
