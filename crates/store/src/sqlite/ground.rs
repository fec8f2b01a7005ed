//! A data folder in which a store is restored.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;

use super::error::{commit_error, store_error};
use super::folder::lock;
use super::tx::{Savepoint, SqliteTx};
use super::{connection, has_table};
use crate::backup::{Ground, SchemaTx};
use crate::{Options, StoreError};

pub(crate) struct SqliteGround {
    connection: Connection,
    _lock: File,
}

impl SqliteGround {
    pub fn open(folder: &Path, options: &Options) -> Result<SqliteGround, StoreError> {
        let lock = lock(folder)?;
        Ok(SqliteGround { connection: connection::open_writer(&folder.join("baton.db"), options)?, _lock: lock })
    }
}

impl Ground for SqliteGround {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn SchemaTx) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let connection = &self.connection;
        let run = |sql: &str| connection.execute_batch(sql);
        run("BEGIN IMMEDIATE").map_err(|error| store_error(connection, error))?;
        let done = work(&mut SqliteTx::new(connection, Savepoint::Unneeded));
        let done = done.and_then(|()| run("COMMIT").map_err(|error| commit_error(connection, error)));
        if !connection.is_autocommit() {
            run("ROLLBACK").map_err(|error| store_error(connection, error))?;
        }
        done
    }
}

impl SchemaTx for SqliteTx<&Connection> {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection().execute_batch(sql).map_err(|error| store_error(self.connection(), error))
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        has_table(self.connection(), name)
    }
}
