//! What needs more than one crate.

mod engine;
mod http;
mod tidy;
