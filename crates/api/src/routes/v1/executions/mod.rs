//! Actions taken.

mod bulk;
pub mod cancel;
pub mod create;
mod dry_run;
pub mod get;
pub mod list;
pub mod retry;
mod wait;

/// Why an action can't be taken, or not again.
const TAKING: &[&str] = &[
    "not_found",
    "not_of_workflow",
    "may_not_perform",
    "wrong_stage",
    "field_required",
    "checklist_incomplete",
    "not_assigned",
    "not_assigned_to_you",
    "somebody_else",
    "condition",
    "too_many_waiting",
];

/// Why it is not what was quoted.
const QUOTED: &[&str] = &["quote_required", "quote_invalid", "quote_expired", "not_as_quoted", "changed_since_quote", "other_execution"];
