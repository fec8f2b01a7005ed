//! What a caller can do: one function for each thing, by noun.

pub mod actions;
pub mod activity;
pub mod api_keys;
mod ask;
pub mod bulk;
pub mod checklist;
pub mod comments;
pub mod definitions;
pub mod executions;
pub mod imports;
pub mod lists;
mod look;
mod migration;
pub mod plans;
mod quote;
pub(crate) mod runs;
pub mod secrets;
pub mod tasks;
pub(crate) mod timers;
pub mod users;
pub mod workflows;
pub mod workspaces;
