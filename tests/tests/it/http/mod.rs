//! The HTTP API, rule by rule, on the real router.

mod actions;
mod checklist;
mod comments;
mod conventions;
mod executions;
mod filters;
mod idempotency;
mod preconditions;
mod queue;
mod review;
mod server;
mod stream;
mod tasks;
mod users;
mod workflows;
