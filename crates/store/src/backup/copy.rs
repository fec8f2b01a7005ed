//! Writes a backup from one consistent view, page by page, so that a store of any size takes the same memory.

use std::io::Write;

use baton_core::time::Timestamp;

use super::file::Writer;
use super::{Cell, Copied, Kind, Origin, Progress, Table, take_your_time};
use crate::migrate::{self, VERSION};
use crate::sqlite::tables_at;
use crate::{Param, Row, StoreError, Tx};

/// Rows that are looked at together, and what those may take that are read together: PostgreSQL's answers come whole.
const PAGE_ROWS: usize = 256;
pub(super) const PAGE_BYTES: u64 = 1 << 20;

/// What a schema that was never made answers is for the caller; here there is one.
pub(crate) fn copy(tx: &mut dyn Tx, made_at: Timestamp, out: impl Write, progress: &mut dyn FnMut(Progress)) -> Result<Copied, StoreError> {
    take_your_time(tx)?;
    let schema = tx.query_one(VERSION, &[], |row| row.int(0))?.unwrap_or(0);
    // A newer node may have migrated under us: what we do not know, we would leave out.
    migrate::pending(schema)?;
    let tables: Vec<Table> = tables_at(schema)?.into_iter().filter(Table::is_kept).collect();
    let of = count(tx, &tables)?;
    let origin = Origin { schema, program: env!("CARGO_PKG_VERSION").to_owned(), made_at };
    let mut writer = Writer::begin(out, &origin)?;
    for table in &tables {
        writer.table(table)?;
        copy_table(tx, table, &mut writer, &mut |done| progress(Progress { done, of }))?;
    }
    Ok(Copied { schema, rows: writer.end()? })
}

fn count(tx: &mut dyn Tx, tables: &[Table]) -> Result<u64, StoreError> {
    let mut all = 0;
    for Table { name, .. } in tables {
        let rows = tx.query_one(&format!("SELECT count(*) FROM {name}"), &[], |row| row.int(0))?;
        all += rows.unwrap_or(0).unsigned_abs();
    }
    Ok(all)
}

fn copy_table(tx: &mut dyn Tx, table: &Table, writer: &mut Writer<impl Write>, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
    let sizes = Select::of(table, &size_of_row(table));
    let rows = Select::of(table, &table.column_names().join(", "));
    let mut last: Vec<Cell> = Vec::new();
    loop {
        let page = sizes.after(tx, &last, PAGE_ROWS, |row| Ok(row.int(0)?.unsigned_abs()))?;
        for count in runs(&page) {
            let mut keys = rows.after(tx, &last, count, |row| {
                writer.row(row, table)?;
                key_of(row, table)
            })?;
            last = keys.pop().unwrap_or(last);
            progress(writer.rows());
        }
        if page.len() < PAGE_ROWS {
            return Ok(());
        }
    }
}

/// How many of these rows are read together: as many as fit, or one that is larger.
fn runs(sizes: &[u64]) -> Vec<usize> {
    let (mut runs, mut bytes) = (Vec::new(), 0);
    for size in sizes {
        bytes += size;
        match runs.last_mut() {
            Some(count) if bytes <= PAGE_BYTES => *count += 1,
            _ => {
                bytes = *size;
                runs.push(1);
            }
        }
    }
    runs
}

/// Known without reading what it measures.
fn size_of_row(table: &Table) -> String {
    let of_column = |(name, kind): &(String, Kind)| match kind {
        Kind::Int => size_of::<i64>().to_string(),
        Kind::Text | Kind::Bytes => format!("coalesce(octet_length({name}), 0)"),
    };
    table.columns.iter().map(of_column).collect::<Vec<_>>().join(" + ")
}

/// The same of the first rows of a table, and of those behind one.
struct Select {
    first: String,
    next: String,
}

impl Select {
    fn of(table: &Table, what: &str) -> Select {
        let key: Vec<&str> = table.key.iter().map(|place| table.columns[*place].0.as_str()).collect();
        let key = key.join(", ");
        let last: Vec<String> = (1..=table.key.len()).map(|number| format!("${number}")).collect();
        let (begin, end) = (format!("SELECT {what} FROM {}", table.name), format!("ORDER BY {key} LIMIT"));
        let next = format!("{begin} WHERE ({key}) > ({}) {end} ${}", last.join(", "), last.len() + 1);
        Select { first: format!("{begin} {end} $1"), next }
    }

    fn after<T>(
        &self,
        tx: &mut dyn Tx,
        last: &[Cell],
        count: usize,
        each: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let params: Vec<Param<'_>> = last.iter().map(Param::from).chain([count.into()]).collect();
        tx.query(if last.is_empty() { &self.first } else { &self.next }, &params, each)
    }
}

fn key_of(row: &dyn Row, table: &Table) -> Result<Vec<Cell>, StoreError> {
    let cell = |place: &usize| {
        Ok(match table.columns[*place].1 {
            Kind::Int => Cell::Int(row.int(*place)?),
            Kind::Text => Cell::Text(row.text(*place)?.to_owned()),
            Kind::Bytes => Cell::Bytes(row.bytes(*place)?.to_owned()),
        })
    };
    table.key.iter().map(cell).collect()
}

impl<'a> From<&'a Cell> for Param<'a> {
    fn from(cell: &'a Cell) -> Param<'a> {
        match cell {
            Cell::Null => Param::Null,
            Cell::Int(number) => Param::Int(*number),
            Cell::Text(text) => Param::Text(text),
            Cell::Bytes(bytes) => Param::Bytes(bytes),
        }
    }
}
