//! The HTTP API, rule by rule, on the real router.

mod actions;
mod activity;
mod checklist;
mod comments;
mod conventions;
mod definitions;
mod errors;
mod executions;
mod filters;
mod guide;
mod idempotency;
mod large_bodies;
mod policies;
mod postgres;
mod preconditions;
mod queue;
mod review;
mod secrets;
mod server;
mod store_failures;
mod stream;
mod tasks;
mod users;
mod workflows;
