//! What needs more than one crate.

mod conformance;
mod engine;
mod postgres;
mod tidy;
