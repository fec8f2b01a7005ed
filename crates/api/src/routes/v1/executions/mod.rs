//! Actions taken.

mod bulk;
pub mod cancel;
pub mod create;
pub mod get;
pub mod list;
pub mod retry;
mod wait;
