//! What needs more than one crate.

mod conformance;
mod engine;
mod forbidden;
mod http;
mod postgres;
mod tidy;
