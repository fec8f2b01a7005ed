//! The checklist of a task: the template's items of every stage, and the task's own.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod put;

/// What may be wrong with an item.
const VALUES: &[&str] = &[
    "is_invalid",
    "is_required",
    "is_not_a_field",
    "is_not_editable",
    "is_not_an_option",
    "is_not_a_stage",
    "is_not_a_user_of_workflow",
    "is_too_long",
];
