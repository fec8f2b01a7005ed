//! The HTTP API, rule by rule, on the real router.

mod actions;
mod conventions;
mod review;
mod server;
