//! Carry it out: one command for each thing a caller can do, and the loop that runs executions.
//!
//! A command is a plain function over a [`Cx`]: one transaction, the caller, the clock. It looks at what is, lets
//! the core decide, and writes facts and jobs together; nothing is done that was not first saved. Surfaces (HTTP,
//! command line) run commands by [`Engine::read`], [`Engine::write`] and [`Engine::write_once`].
//!
//! To add a command: a function in `commands/<noun>.rs`; to call it from HTTP, a file in `baton-api`.
#![forbid(unsafe_code)]

mod auth;
mod backlog;
mod cache;
pub mod commands;
mod cx;
mod engine;
pub mod env;
pub mod fail_point;
mod idempotency;
mod listings;
mod look;
mod masks;
mod metrics;
mod open_calls;
mod rankings;
mod rates;
mod sending;
mod waiters;
mod worker;
pub mod world;

pub use auth::{Caller, Credential, KeyScope};
pub use backlog::Admitted;
pub use baton_store::StoreError;
pub use baton_store::measure::Histogram;
pub use cx::{Cx, Failure, Found, Outcome};
pub use engine::{Ask, Engine, EngineOptions, Surroundings};
pub use idempotency::{Answer, BodyHash, IdempotencyKey, IdempotencyScope, Replayed};
pub use metrics::{Measured, Metric, MetricKind, Sample};
pub use rates::Rate;
