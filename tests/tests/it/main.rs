//! What needs more than one crate.

mod calls;
mod clearing;
mod conformance;
mod deleting;
mod doubt;
mod engine;
mod forbidden;
mod http;
mod importing;
mod postgres;
mod simulation;
mod tidy;
mod timers;
mod world;
