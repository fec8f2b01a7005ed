//! The developer's commands: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod clock;
mod http;
mod load;
mod postgres;
mod random;
mod server;
mod shell;

/// Errors here are read by a person at a terminal: a sentence is all that they need.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() {}
