//! The load generator. It is apart from xtask so that it alone is compiled with optimisation: client and server share
//! the machine's cores, and what the client burns is taken from what it measures.
#![forbid(unsafe_code)]

pub mod clock;
pub mod http;
pub mod load;
pub mod receiver;
pub mod sheet;

/// Errors here are read by a person at a terminal: a sentence is all that they need.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
