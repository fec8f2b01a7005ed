//! The HTTP API, rule by rule, on the real router.

mod actions;
mod conventions;
mod executions;
mod filters;
mod queue;
mod review;
mod server;
mod stream;
mod tasks;
