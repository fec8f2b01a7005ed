//! SQLite: one writer thread that commits in groups, a few readers, everything in one folder.

mod checkpoint;
mod connection;
mod error;
mod folder;
mod ground;
mod readers;
mod tables;
mod tx;
mod writer;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use self::folder::Folder;
pub(crate) use self::ground::SqliteGround;
pub(crate) use self::tables::tables_at;
use self::tx::{Savepoint, SqliteTx};
use crate::measure::Measures;
use crate::queue::Whose;
use crate::work::{Work, guarded};
use crate::{Options, StoreError, Tx};

pub(crate) enum Sqlite {
    Folder(Folder),
    Memory(Mutex<Connection>),
}

impl Sqlite {
    pub fn open_folder(folder: &Path, options: &Options, measures: &Arc<Measures>) -> Result<Sqlite, StoreError> {
        Folder::open(folder, options, measures).map(Sqlite::Folder)
    }

    pub fn open_memory(options: &Options) -> Result<Sqlite, StoreError> {
        let connection = connection::open_memory(options)?;
        connection::migrate(&connection)?;
        Ok(Sqlite::Memory(Mutex::new(connection)))
    }

    pub fn write(&self, whose: Whose, mut work: Box<dyn Work>) -> Result<(), StoreError> {
        match self {
            Sqlite::Folder(folder) => folder.write(whose, work),
            Sqlite::Memory(connection) => {
                let connection = connection.lock();
                let committed = in_transaction(&connection, "BEGIN IMMEDIATE", |tx| work.run(tx));
                work.answer(committed);
                Ok(())
            }
        }
    }

    pub async fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        match self {
            Sqlite::Folder(folder) => folder.read(work).await,
            Sqlite::Memory(connection) => read_in(&connection.lock(), work),
        }
    }
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let found: i64 = connection.query_row(sql, [name], |row| row.get(0)).map_err(|error| error::store_error(connection, error))?;
    Ok(found > 0)
}

/// A consistent view for one reader.
fn read_in<T, E: From<StoreError>>(connection: &Connection, work: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
    let mut result = None;
    in_transaction(connection, "BEGIN", |tx| {
        tx.forbid_writes();
        result = Some(guarded(|| work(tx)));
        true
    })?;
    result.unwrap_or_else(|| Err(StoreError::Unavailable("the work was not begun".to_owned()).into()))
}

/// Runs one work in a transaction of its own; what it does not want to keep is rolled back.
fn in_transaction(
    connection: &Connection,
    begin: &'static str,
    work: impl FnOnce(&mut SqliteTx<&Connection>) -> bool,
) -> Result<(), StoreError> {
    let statement = |sql: &'static str| {
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.raw_execute());
        done.map_err(|error| error::store_error(connection, error))
    };
    statement(begin)?;
    let keep = work(&mut SqliteTx::new(connection, Savepoint::Unneeded));
    // After some failures SQLite has already rolled back by itself.
    if connection.is_autocommit() {
        return if keep { Err(StoreError::Unavailable("the transaction was rolled back".to_owned())) } else { Ok(()) };
    }
    if !keep {
        return statement("ROLLBACK").map(drop);
    }
    statement("COMMIT").map(drop).inspect_err(|_| {
        if !connection.is_autocommit() {
            drop(statement("ROLLBACK"));
        }
    })
}
