//! Lists of tasks: what they are narrowed to, in which order they come, and which of their keys are shown.
//!
//! A list is what [`crate::condition::holds`] for, in the order of [`Order`]. However the store finds it, these two decide.

mod columns;
mod narrow;
mod order;
#[cfg(test)]
mod tests;

pub use columns::Columns;
pub use narrow::{Narrowed, active, narrow};
pub use order::{Order, Place, SortKey, key, parse_sort};

use crate::access::Access;
use crate::condition::Names;
use crate::workflow::{FieldRight, Workflow};

/// The names that a list may use: fields that the role hides are unknown.
pub fn names_for<'a>(workflow: &'a Workflow, access: Access<'_>) -> Names<'a> {
    let seen = workflow.fields.iter().filter(|field| access.right_to(field) != FieldRight::Hidden);
    Names::new(
        seen.map(|field| (field.name.as_str(), field.id, &field.kind)),
        workflow.stages.iter().map(|stage| (stage.name.as_str(), stage.id)),
    )
}
