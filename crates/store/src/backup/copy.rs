//! Writes a backup from one consistent view, page by page, so that a store of any size takes the same memory.

use std::io::Write;

use baton_core::time::Timestamp;

use super::file::Writer;
use super::{Cell, Copied, Kind, Origin, Progress, Table, take_your_time};
use crate::migrate::{self, VERSION};
use crate::sqlite::tables_at;
use crate::{Param, Row, StoreError, Tx};

const PAGE_ROWS: u64 = 256;

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
    let key: Vec<&str> = table.key.iter().map(|place| table.columns[*place].0.as_str()).collect();
    let key = key.join(", ");
    let places: Vec<String> = (1..=table.key.len()).map(|number| format!("${number}")).collect();
    let begin = format!("SELECT {} FROM {}", table.column_names().join(", "), table.name);
    let end = format!("ORDER BY {key} LIMIT {PAGE_ROWS}");
    let first = format!("{begin} {end}");
    let next = format!("{begin} WHERE ({key}) > ({}) {end}", places.join(", "));
    let mut last: Vec<Cell> = Vec::new();
    loop {
        let before = writer.rows();
        let after: Vec<Param<'_>> = last.iter().map(Param::from).collect();
        let mut seen = None;
        tx.rows(if last.is_empty() { &first } else { &next }, &after, &mut |row| {
            seen = Some(key_of(row, table)?);
            writer.row(row, table)
        })?;
        progress(writer.rows());
        match seen {
            Some(key) if writer.rows() - before == PAGE_ROWS => last = key,
            _ => return Ok(()),
        }
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
