//! Remember it: one small trait, the SQL written once, SQLite and PostgreSQL.
//!
//! Map: a [`Store`] runs work (plain functions over a [`Tx`]) in transactions; [`sql`] has the statements, one file for
//! each noun; [`list`] finds the tasks of a list; `sqlite/` and `postgres/` have what differs: how connections are opened, how works are
//! grouped into commits, and what an engine's error means; `measure` tells how long it all takes. `migrations/` has the schema, and
//! `backup/` copies all that is in it to a file and back.
//!
//! A write is answered when its commit is durable, and an `Err` leaves nothing behind. A read sees every answered write.
//! No rule of the product lives here.
#![forbid(unsafe_code)]

pub mod backup;
mod error;
pub mod link;
pub mod list;
pub mod measure;
mod migrate;
mod postgres;
mod queue;
pub mod sql;
mod sqlite;
mod store;
mod tx;
mod work;

pub use error::StoreError;
pub use store::{Options, Place, Store};
pub use tx::{Dialect, Param, Row, Tx};
