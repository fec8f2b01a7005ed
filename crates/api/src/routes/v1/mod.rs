//! The public API, v1.

pub mod checklist_items;
pub mod comments;
pub mod definition;
pub mod executions;
pub mod imports;
pub mod secrets;
pub mod tasks;
pub mod users;
pub mod workflows;
pub mod workspace;
