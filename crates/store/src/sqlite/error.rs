//! What SQLite's errors mean.

use rusqlite::{Connection, ErrorCode};

use crate::StoreError;

pub(super) fn store_error(connection: &Connection, error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(code, message) = &error else { return StoreError::Sql(error.to_string()) };
    let message = message.as_deref().unwrap_or_default();
    match code.code {
        ErrorCode::ConstraintViolation => match message.strip_prefix("UNIQUE constraint failed: ") {
            Some(columns) => StoreError::Duplicate { constraint: constraint(connection, columns) },
            None => StoreError::Sql(error.to_string()),
        },
        ErrorCode::DiskFull => StoreError::Full(message.to_owned()),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => {
            StoreError::Unavailable(error.to_string())
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Corrupt { table: "database", id: "baton.db".to_owned(), what: error.to_string() }
        }
        _ => StoreError::Sql(error.to_string()),
    }
}

/// An I/O error while committing may come before or after the commit mark reached the disk; only a restart tells.
pub(super) fn commit_error(connection: &Connection, error: rusqlite::Error) -> StoreError {
    match store_error(connection, error) {
        StoreError::Unavailable(what) => StoreError::OutcomeUnknown(what),
        other => other,
    }
}

/// SQLite names the columns (`tasks.workflow_id, tasks.unique_key`); the index over just these has the name that the
/// migrations give, and a primary key the one that PostgreSQL gives.
fn constraint(connection: &Connection, columns: &str) -> String {
    let Some((table, _)) = columns.split_once('.') else { return columns.to_owned() };
    let sql = "SELECT list.name FROM pragma_index_list(?1) list
        WHERE list.\"unique\" = 1 AND list.origin = 'c' AND ?2 =
            (SELECT group_concat(?1 || '.' || info.name, ', ') FROM pragma_index_info(list.name) info)";
    connection.query_row(sql, [table, columns], |row| row.get(0)).unwrap_or_else(|_| format!("{table}_pkey"))
}
