//! Workflows and their parts.

pub mod create;
pub mod fields;
pub mod list;
pub mod roles;
pub mod stages;
