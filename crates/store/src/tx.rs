//! The trait that SQL is written against. Both engines take the same text: `$1`, `$2`, ... numbered by first
//! appearance (held when a statement is prepared, because SQLite binds `$n` in that order).

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::StoreError;

/// One open transaction (or, for reads, one consistent view).
pub trait Tx {
    /// Rows touched.
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError>;
    /// Calls `each` for every row.
    fn rows(&mut self, sql: &str, params: &[Param<'_>], each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>)
    -> Result<(), StoreError>;
    fn dialect(&self) -> Dialect;

    /// The clock that all nodes share, where it is neither the database's nor the machine's: that of a simulation.
    fn shared_clock(&self) -> Option<Timestamp> {
        None
    }

    /// A statement whose answer nobody needs. PostgreSQL is not waited for: an error is told by a later statement, or by
    /// the commit, and in any case nothing of the work stays.
    fn send(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.execute(sql, params).map(drop)
    }

    /// The same for a statement that must touch exactly one row; when it does not, the work fails with `otherwise`.
    fn send_one(&mut self, sql: &'static str, params: &[Param<'_>], otherwise: StoreError) -> Result<(), StoreError> {
        if self.execute(sql, params)? == 1 { Ok(()) } else { Err(otherwise) }
    }
}

/// For the few places that differ by need; each says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, Debug)]
pub enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A row's columns by position. A type that is not the column's is `StoreError::Corrupt`.
pub trait Row {
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError>;
    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;
}

impl dyn Tx + '_ {
    pub fn query<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.rows(sql, params, &mut |row| {
            found.push(map(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first row, if any.
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut map: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.rows(sql, params, &mut |row| {
            if found.is_none() {
                found = Some(map(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Param::Int(number)
    }
}

impl From<bool> for Param<'_> {
    fn from(yes: bool) -> Self {
        Param::Int(i64::from(yes))
    }
}

impl From<Id> for Param<'_> {
    fn from(id: Id) -> Self {
        Param::Int(id.as_i64())
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(moment: Timestamp) -> Self {
        Param::Int(moment.micros())
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Param::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Param::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Param::Bytes(bytes)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}
