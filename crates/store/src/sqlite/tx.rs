//! A transaction on SQLite.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, PrepFlags, Statement, ToSql};

use super::error::store_error;
use crate::{Dialect, Param, Row, StoreError, Tx};

/// Where prepared statements come from.
pub(super) trait Prepared {
    fn connection(&self) -> &Connection;
    fn with<T>(&mut self, sql: &str, run: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>) -> Result<T, StoreError>;
}

/// rusqlite's own cache, for connections that move between threads.
impl Prepared for &Connection {
    fn connection(&self) -> &Connection {
        self
    }

    fn with<T>(&mut self, sql: &str, run: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut statement = self.prepare_cached(sql).map_err(|error| store_error(self, error))?;
        run(&mut statement)
    }
}

/// Statements that stay prepared for as long as the writer thread lives, found by where their text is: nearly all are
/// constants of the program. A look-up costs a tenth of rusqlite's cache, and the writer makes twenty for an execution.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    by_place: HashMap<(usize, usize), (Box<str>, Statement<'c>)>,
}

/// Texts that are put together (lists) come and go; then the cache starts anew.
const STATEMENTS_MAX: usize = 512;

impl<'c> Statements<'c> {
    pub fn new(connection: &'c Connection) -> Statements<'c> {
        Statements { connection, by_place: HashMap::new() }
    }

    fn get(&mut self, sql: &str) -> Result<&mut Statement<'c>, StoreError> {
        let place = (sql.as_ptr().addr(), sql.len());
        // Another text may stand at the place of one that is gone.
        let known = self.by_place.get(&place).is_some_and(|(text, _)| **text == *sql);
        if !known {
            let flags = PrepFlags::SQLITE_PREPARE_PERSISTENT;
            let prepared = self.connection.prepare_with_flags(sql, flags);
            let statement = prepared.map_err(|error| store_error(self.connection, error))?;
            check_numbers(&statement, sql)?;
            if self.by_place.len() >= STATEMENTS_MAX {
                self.by_place.clear();
            }
            self.by_place.insert(place, (sql.into(), statement));
        }
        let (_, statement) = self.by_place.get_mut(&place).expect("just looked up or put in");
        Ok(statement)
    }
}

impl Prepared for Statements<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }

    fn with<T>(&mut self, sql: &str, run: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        run(self.get(sql)?)
    }
}

/// SQLite takes `$1` as a name and numbers names as they appear; they must appear in the order of their numbers.
fn check_numbers(statement: &Statement<'_>, sql: &str) -> Result<(), StoreError> {
    let right = (1..=statement.parameter_count()).all(|number| statement.parameter_name(number) == Some(&format!("${number}")));
    if right { Ok(()) } else { Err(StoreError::Sql(format!("parameters are not numbered as they appear: {sql}"))) }
}

/// What keeps a work apart from the others of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Savepoint {
    /// The transaction is kept or rolled back as a whole.
    Unneeded,
    /// Nothing is written yet: a work that refuses costs none.
    Before,
    Open,
}

pub(super) struct SqliteTx<P> {
    prepared: P,
    savepoint: Savepoint,
    read_only: bool,
    /// Whether the work has changed anything.
    wrote: bool,
    /// The last error after which SQLite may roll back everything.
    grave: Option<StoreError>,
}

impl<P: Prepared> SqliteTx<P> {
    pub fn new(prepared: P, savepoint: Savepoint) -> SqliteTx<P> {
        SqliteTx { prepared, savepoint, read_only: false, wrote: false, grave: None }
    }

    pub fn forbid_writes(&mut self) {
        self.read_only = true;
    }

    /// Before the next work in the same transaction.
    pub fn begin_work(&mut self, savepoint: Savepoint) {
        (self.savepoint, self.wrote, self.grave) = (savepoint, false, None);
    }

    pub fn wrote(&self) -> bool {
        self.wrote
    }

    /// Ends the work's part of the transaction: kept, or as if it had not been.
    pub fn end_work(&mut self, keep: bool) -> Result<(), StoreError> {
        if self.savepoint == Savepoint::Open {
            self.savepoint = Savepoint::Before;
            if !keep {
                self.run("ROLLBACK TO work")?;
            }
            self.run("RELEASE work")?;
        }
        Ok(())
    }

    /// Why SQLite may have rolled back everything.
    pub fn take_grave(&mut self) -> Option<StoreError> {
        self.grave.take()
    }

    /// A statement of the transaction itself.
    pub fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.run_raw(sql)?.map_err(|error| store_error(self.prepared.connection(), error))
    }

    /// The same with SQLite's own error, for who must look closer.
    pub fn run_raw(&mut self, sql: &'static str) -> Result<Result<(), rusqlite::Error>, StoreError> {
        self.prepared.with(sql, |statement| Ok(statement.raw_execute().map(drop)))
    }

    pub fn connection(&self) -> &Connection {
        self.prepared.connection()
    }

    /// Before a statement that writes.
    fn prepare_to_write(&mut self) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::Sql("a read wants to write".to_owned()));
        }
        if self.savepoint == Savepoint::Before {
            self.run("SAVEPOINT work")?;
            self.savepoint = Savepoint::Open;
        }
        Ok(())
    }

    fn bound<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let done = self.prepared.with(sql, |statement| {
            if cfg!(debug_assertions) {
                check_numbers(statement, sql)?;
            }
            Ok(bind(statement, params).map_err(Failure::Engine).and_then(|()| run(statement)))
        })?;
        done.map_err(|failure| match failure {
            Failure::Engine(error) => {
                let error = store_error(self.prepared.connection(), error);
                if matches!(error, StoreError::Full(_) | StoreError::Unavailable(_)) {
                    self.grave = Some(error.clone());
                }
                error
            }
            Failure::Caller(error) => error,
        })
    }
}

enum Failure {
    Engine(rusqlite::Error),
    Caller(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Engine(error)
    }
}

impl<P: Prepared> Tx for SqliteTx<P> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.prepare_to_write()?;
        let changed = self.bound(sql, params, |statement| Ok(statement.raw_execute()? as u64))?;
        self.wrote |= changed > 0;
        Ok(changed)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.prepared.with(sql, |statement| Ok(!statement.readonly()))? {
            self.prepare_to_write()?;
            self.wrote = true;
        }
        self.bound(sql, params, |statement| {
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                each(&SqliteRow(row)).map_err(Failure::Caller)?;
            }
            Ok(())
        })
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

fn bind(statement: &mut Statement<'_>, params: &[Param<'_>]) -> Result<(), rusqlite::Error> {
    if params.len() != statement.parameter_count() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), statement.parameter_count()));
    }
    for (index, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, Bound(*param))?;
    }
    Ok(())
}

struct Bound<'a>(Param<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Param::Null => ValueRef::Null,
            Param::Int(number) => ValueRef::Integer(number),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

struct SqliteRow<'r, 's>(&'r rusqlite::Row<'s>);

impl SqliteRow<'_, '_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, StoreError> {
        self.0.get_ref(column).map_err(|error| StoreError::Sql(error.to_string()))
    }
}

fn wrong(column: usize, wanted: &str, got: &ValueRef<'_>) -> StoreError {
    let what = format!("{} where {wanted} should be", got.data_type());
    StoreError::Corrupt { table: "a row", id: format!("column {column}"), what }
}

impl Row for SqliteRow<'_, '_> {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.value(column)? {
            ValueRef::Integer(number) => Ok(number),
            other => Err(wrong(column, "a number", &other)),
        }
    }

    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.value(column)? {
            ref value @ ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_err(|_| wrong(column, "UTF-8", value)),
            other => Err(wrong(column, "text", &other)),
        }
    }

    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.value(column)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            other => Err(wrong(column, "bytes", &other)),
        }
    }

    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            _ => self.bytes(column).map(Some),
        }
    }
}
