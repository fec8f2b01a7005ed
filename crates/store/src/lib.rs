//! Remember it: one small trait, the SQL written once, SQLite and PostgreSQL.
#![forbid(unsafe_code)]

mod error;
mod postgres;
pub mod sql;
mod sqlite;
mod store;
mod tx;

pub use error::StoreError;
pub use store::{Options, Place, Store};
pub use tx::{Dialect, Param, Row, Tx};
