//! The caller's workspace.

pub mod get;
