//! What needs more than one crate.

mod calls;
mod clearing;
mod conformance;
mod deleting;
mod doubt;
mod dying;
mod engine;
mod forbidden;
mod http;
mod importing;
mod postgres;
mod retention;
mod simulation;
mod tidy;
mod timers;
mod world;
