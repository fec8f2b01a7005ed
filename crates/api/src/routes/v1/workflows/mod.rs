//! Workflows and their parts.

pub mod archive;
pub mod create;
pub mod delete;
pub mod fields;
pub mod list;
pub mod roles;
pub mod stages;
