//! Actions taken.

mod bulk;
pub mod cancel;
pub mod create;
mod dry_run;
pub mod get;
pub mod list;
pub mod retry;
mod wait;
