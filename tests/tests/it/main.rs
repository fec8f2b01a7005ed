//! What needs more than one crate.

mod conformance;
mod engine;
mod http;
mod postgres;
mod simulation;
mod tidy;
