//! The checklist of a task: the template's items of every stage, and the task's own.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod put;
