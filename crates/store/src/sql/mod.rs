//! The SQL, written once for both engines: one file for each noun, plain functions over a [`Tx`](crate::Tx).
//!
//! What both take: `$1` numbered by first appearance, upserts, `RETURNING`, `UPDATE ... FROM`, partial indexes. Where the
//! engines differ by need, the function asks [`Tx::dialect`](crate::Tx::dialect) and says why.
//!
//! To add a table: a migration, its functions here, its cases in `tests/tests/it/conformance/`.

pub mod activity;
pub mod agreements;
pub mod calls;
pub mod checklist;
pub mod comments;
pub mod deleted_workflows;
pub mod executions;
pub mod idempotency;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod migrating;
pub mod nodes;
pub mod people;
mod query;
pub mod retention;
mod row;
pub mod search;
pub mod secrets;
pub mod task_counts;
mod task_values;
pub mod tasks;
pub mod timers;
mod turns;
mod verify;
pub mod workflows;
