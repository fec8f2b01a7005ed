//! Opening a store, and running work in its transactions.

use std::path::PathBuf;

use crate::{StoreError, Tx};

#[derive(Clone, Debug)]
pub enum Place {
    /// A folder; the database is `baton.db` in it.
    Folder(PathBuf),
    /// `postgres://...`
    Url(String),
    /// An SQLite database in memory, for tests and simulation.
    Memory,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub place: Place,
    /// Threads (SQLite) or connections (PostgreSQL) that read.
    pub readers: usize,
    /// Connections that write on PostgreSQL; SQLite has one writer.
    pub writers: usize,
    /// SQLite's `max_page_count`, to try a full disk.
    pub page_count_max: Option<u32>,
}

/// A handle that can be cloned; the last one closes the store.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens, creates and migrates.
    pub fn open(_options: Options) -> Result<Store, StoreError> {
        todo!()
    }

    /// Runs `work` in one transaction and answers when its commit is durable. An `Err` rolls back exactly this
    /// work. `work` may run again after a deadlock or a lost race, so it must not keep anything between runs.
    pub async fn write<T, E>(&self, _work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        todo!()
    }

    /// Runs `work` on one consistent view that sees every answered write. Short work: SQLite runs it on the
    /// calling thread.
    pub async fn read<T, E>(&self, _work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        todo!()
    }
}
