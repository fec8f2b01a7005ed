//! Actions taken.

pub mod create;
pub mod get;
