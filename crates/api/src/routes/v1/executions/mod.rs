//! Actions taken.

pub mod cancel;
pub mod create;
mod dry_run;
pub mod get;
pub mod list;
pub mod retry;
