//! What a store is: every test here runs on SQLite in memory, on SQLite in a folder, and on PostgreSQL.
//!
//! To add a test: an `async fn(bed: Bed)` and its name in the file's `on_every_store!`.

mod activity;
mod backup;
mod bed;
mod counts;
mod executions;
mod folder;
mod idempotency;
mod imports;
mod jobs;
mod lists;
mod migrating;
mod nodes;
mod people;
mod postgres;
mod retention;
mod search;
mod secrets;
mod tasks;
mod timers;
mod transactions;
mod verify;
mod workflows;

use bed::{Kind, run};

macro_rules! on_every_store {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $test() { crate::conformance::run(crate::conformance::Kind::Memory, super::$test); })+
        }
        mod folder {
            $(#[test] fn $test() { crate::conformance::run(crate::conformance::Kind::Folder, super::$test); })+
        }
        mod postgres {
            $(#[test] fn $test() { crate::conformance::run(crate::conformance::Kind::Postgres, super::$test); })+
        }
    };
}
use on_every_store;
