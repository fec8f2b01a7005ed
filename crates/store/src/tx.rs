//! The trait that SQL is written against. Both engines take the same text: `$1`, `$2`, ... numbered by first
//! appearance (a debug assertion holds it, because SQLite binds `$n` in that order).

use crate::StoreError;

/// One open transaction (or, for reads, one consistent view).
pub trait Tx {
    /// Rows touched.
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError>;
    /// Calls `each` for every row.
    fn rows(&mut self, sql: &str, params: &[Param<'_>], each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>)
    -> Result<(), StoreError>;
    fn dialect(&self) -> Dialect;
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
