//! A copy of all that a store holds, in one file that either engine can be restored from.
//!
//! Map: `file` is the format; `copy` writes one from a consistent view; `restore` makes a store of one. Which tables there are, and
//! their columns, the migrations say (`sqlite/tables.rs`), so that none can be forgotten.

mod copy;
mod file;
mod restore;
#[cfg(test)]
mod tests;

use baton_core::time::Timestamp;

use crate::{StoreError, Tx};

pub(crate) use copy::copy;
pub use restore::{Restored, restore};

/// Who runs executions now says nothing of a store that is restored; what they had claimed is handed back there.
const LEFT_OUT: &str = "nodes";
/// Made from the tasks when a store is restored, as the index of searches is, which no table of SQLite holds.
pub(crate) const REMADE: &[&str] = &["search_queue", "task_count_changes", "task_counts"];

/// What a backup says of itself at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Of the schema.
    pub schema: i64,
    /// The version of Baton that made it.
    pub program: String,
    pub made_at: Timestamp,
}

/// How far it is: rows for a backup, bytes of the file for a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub of: u64,
}

/// What a copy has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub schema: i64,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
    /// Places of the columns that a row is found by.
    pub key: Vec<usize>,
    /// Made from other tables, and so no part of a backup.
    pub derived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Table {
    fn is_kept(&self) -> bool {
        !self.derived && self.name != LEFT_OUT
    }

    fn column_names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// A transaction that may change the schema, too.
pub(crate) trait SchemaTx: Tx {
    /// Statements without parameters and without answers.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError>;
}

/// Where a store is restored: held by us alone, and one transaction at a time.
pub(crate) trait Ground {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn SchemaTx) -> Result<(), StoreError>) -> Result<(), StoreError>;
}

/// PostgreSQL ends a session that is idle within a transaction, but what is waited for here is a disk or whoever reads the copy.
fn take_your_time(tx: &mut dyn Tx) -> Result<(), StoreError> {
    if tx.dialect() == crate::Dialect::Sqlite {
        return Ok(());
    }
    tx.rows("SELECT set_config('idle_in_transaction_session_timeout', '0', true)", &[], &mut |_| Ok(()))
}
