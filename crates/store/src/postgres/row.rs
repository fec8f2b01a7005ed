//! Parameters and columns in PostgreSQL's binary form.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::{Param, Row, StoreError};

/// A parameter as the type that PostgreSQL finds for its place.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub Param<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Param::Null => return Ok(IsNull::Yes),
            Param::Int(number) => match *wanted {
                Type::INT8 => out.extend_from_slice(&number.to_be_bytes()),
                Type::INT4 => out.extend_from_slice(&i32::try_from(number)?.to_be_bytes()),
                _ => return Err(format!("a number where {wanted} should be").into()),
            },
            Param::Text(text) => match *wanted {
                Type::TEXT | Type::VARCHAR => out.extend_from_slice(text.as_bytes()),
                _ => return Err(format!("a text where {wanted} should be").into()),
            },
            Param::Bytes(bytes) => match *wanted {
                Type::BYTEA => out.extend_from_slice(bytes),
                _ => return Err(format!("bytes where {wanted} should be").into()),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// A parameter that outlives the call that gave it.
#[derive(Debug)]
pub(super) enum Owned {
    Null,
    Int(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

impl From<Param<'_>> for Owned {
    fn from(param: Param<'_>) -> Owned {
        match param {
            Param::Null => Owned::Null,
            Param::Int(number) => Owned::Int(number),
            Param::Text(text) => Owned::Text(text.into()),
            Param::Bytes(bytes) => Owned::Bytes(bytes.into()),
        }
    }
}

impl ToSql for Owned {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let param = match self {
            Owned::Null => Param::Null,
            Owned::Int(number) => Param::Int(*number),
            Owned::Text(text) => Param::Text(text),
            Owned::Bytes(bytes) => Param::Bytes(bytes),
        };
        Bound(param).to_sql(wanted, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

pub(super) struct PostgresRow<'r>(pub &'r tokio_postgres::Row);

/// A column as it came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Raw<'a>, Box<dyn Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl PostgresRow<'_> {
    fn raw(&self, column: usize, wanted: &[Type]) -> Result<Option<&[u8]>, StoreError> {
        let value: Option<Raw<'_>> = self.0.try_get(column).map_err(|error| StoreError::Sql(error.to_string()))?;
        let got = self.0.columns()[column].type_();
        if wanted.contains(got) { Ok(value.map(|raw| raw.0)) } else { Err(wrong(column, &format!("{got} where {} should be", wanted[0]))) }
    }
}

fn wrong(column: usize, what: &str) -> StoreError {
    StoreError::Corrupt { table: "a row", id: format!("column {column}"), what: what.to_owned() }
}

fn present<T>(column: usize, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| wrong(column, "null where a value should be"))
}

impl Row for PostgresRow<'_> {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        present(column, self.opt_int(column)?)
    }

    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        let Some(raw) = self.raw(column, &[Type::INT8, Type::INT4])? else { return Ok(None) };
        if let Ok(bytes) = raw.try_into() {
            return Ok(Some(i64::from_be_bytes(bytes)));
        }
        let bytes = raw.try_into().map_err(|_| wrong(column, "not a number"))?;
        Ok(Some(i64::from(i32::from_be_bytes(bytes))))
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        present(column, self.opt_text(column)?)
    }

    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let raw = self.raw(column, &[Type::TEXT, Type::VARCHAR])?;
        raw.map(|raw| std::str::from_utf8(raw).map_err(|_| wrong(column, "not UTF-8"))).transpose()
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        present(column, self.opt_bytes(column)?)
    }

    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        self.raw(column, &[Type::BYTEA])
    }
}
