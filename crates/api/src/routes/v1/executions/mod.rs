//! Actions taken.

pub mod cancel;
pub mod create;
pub mod get;
pub mod list;
pub mod retry;
mod wait;
