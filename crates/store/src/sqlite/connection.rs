//! Opening a connection, with the settings that each kind needs.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::store_error;
use super::has_table;
use crate::migrate::{self, UNFINISHED_RESTORE, VERSION, VERSION_TABLE};
use crate::{Dialect, Options, StoreError};

/// Before it a rare bug could corrupt a WAL database when two connections checkpointed at once.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Somebody else (a backup, a shell) may hold the database for a moment.
const BUSY: Duration = Duration::from_secs(5);
/// The WAL is cut back to this after it grew.
const WAL_BYTES_KEPT: u32 = 64 << 20;
/// Filled only as far as it is used. More would cost more than it saves: SQLite looks at every cached page after a commit
/// that split one, and what is not cached is still in the memory of the machine.
const WRITER_CACHE_KIB: u32 = 16 << 10;
/// Enough for most of an index that a list looks into at a thousand places: to copy a page from the memory of the machine takes some 2 us.
const READER_CACHE_KIB: u32 = 16 << 10;
const STATEMENTS_KEPT: usize = 128;

pub(super) fn open_writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| unopened(path, error))?;
    check_version()?;
    let set = || {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
        connection.pragma_update(None, "cache_size", -i64::from(WRITER_CACHE_KIB))?;
        common(&connection, options)
    };
    set().map_err(|error| unopened(path, error))?;
    Ok(connection)
}

pub(super) fn open_checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| unopened(path, error))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(|error| unopened(path, error))?;
    Ok(connection)
}

pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| unopened(path, error))?;
    let set = || {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "cache_size", -i64::from(READER_CACHE_KIB))?;
        statements(&connection)?;
        connection.pragma_update(None, "query_only", true)
    };
    set().map_err(|error| unopened(path, error))?;
    Ok(connection)
}

pub(super) fn open_memory(options: &Options) -> Result<Connection, StoreError> {
    check_version()?;
    let connection = Connection::open_in_memory().map_err(|error| unopened(Path::new("memory"), error))?;
    common(&connection, options).map_err(|error| unopened(Path::new("memory"), error))?;
    Ok(connection)
}

fn common(connection: &Connection, options: &Options) -> Result<(), rusqlite::Error> {
    statements(connection)?;
    if let Some(pages) = options.page_count_max {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

/// A statement is prepared once: the planner must not look at the values bound to it, or it plans anew for each.
fn statements(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // What a savepoint sets aside stays out of the file system.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // The words of the index, which it reads from there itself: by `instance` a word is given before all tasks that have it are counted.
    connection.execute_batch("CREATE VIRTUAL TABLE temp.task_search_words USING fts5vocab(main, task_search, instance)")
}

fn check_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    Err(StoreError::Refused(format!("SQLite {} is too old; 3.51.3 or newer is needed", rusqlite::version())))
}

fn unopened(path: &Path, error: rusqlite::Error) -> StoreError {
    StoreError::Refused(format!("the database {} can't be opened: {error}", path.display()))
}

/// Only looks whether there is a store that may be used.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    migrate::check_finished(has_table(connection, UNFINISHED_RESTORE)?)?;
    migrate::check_made(has_table(connection, "schema_migrations")?)
}

pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(|error| store_error(connection, error));
    migrate::check_finished(has_table(connection, UNFINISHED_RESTORE)?)?;
    run(VERSION_TABLE)?;
    let version = connection.query_row(VERSION, [], |row| row.get(0)).map_err(|error| store_error(connection, error))?;
    for migration in migrate::pending(version)? {
        tracing::info!(version = migration.version, name = migration.name, "migrating");
        let script = format!("BEGIN IMMEDIATE;\n{}\nCOMMIT;", migration.script(Dialect::Sqlite));
        run(&script).inspect_err(|_| drop(connection.execute_batch("ROLLBACK")))?;
    }
    Ok(())
}
