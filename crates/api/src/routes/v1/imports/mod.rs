//! Tasks that come in files.

pub mod cancel;
pub mod create;
pub mod errors;
pub mod get;
pub mod list;
