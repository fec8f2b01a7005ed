//! The definition of a workflow, and its revisions.

pub mod get;
pub mod put;
pub mod revisions;
