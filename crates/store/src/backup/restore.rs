//! Makes a store of a backup: all of it in one transaction, with the schema, so that there is never half of it.
//!
//! Before it begins a mark is committed, which goes with that transaction: a store in which a restore broke off is not served as an
//! empty one, and can be restored into again.

use std::path::Path;

use super::file::{Entry, Reader};
use super::{Cell, Ground, Origin, Progress, SchemaTx, Table, take_your_time};
use crate::migrate::{self, UNFINISHED_RESTORE, VERSION, VERSION_TABLE};
use crate::postgres::PostgresGround;
use crate::sql::{activity, agreements, nodes};
use crate::sqlite::{SqliteGround, tables_at};
use crate::{Options, Param, Place, StoreError, Tx};

/// Rows in one statement, and what they may take together; PostgreSQL is waited for at each.
const BATCH_ROWS: usize = 32;
const BATCH_BYTES: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub origin: Origin,
    pub rows: u64,
    /// Executions that were under way, and go on.
    pub handed_back: u64,
    /// Which master key seals the secrets, where one does.
    pub master_key: Option<String>,
}

/// Reads the whole file before anything is touched. The store must hold nothing.
pub fn restore(options: &Options, file: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Restored, StoreError> {
    let origin = check(file)?;
    match &options.place {
        Place::Folder(folder) => into(&mut SqliteGround::open(folder, options)?, file, origin, progress),
        Place::Url(url) => into(&mut PostgresGround::open(url)?, file, origin, progress),
        Place::Memory => Err(StoreError::Refused("a store in memory is gone with its process: restore into another".to_owned())),
    }
}

fn check(file: &Path) -> Result<Origin, StoreError> {
    let (mut reader, origin) = Reader::begin(file)?;
    migrate::pending(origin.schema)?;
    while !matches!(reader.next()?, Entry::End) {}
    Ok(origin)
}

fn into(ground: &mut dyn Ground, file: &Path, origin: Origin, progress: &mut dyn FnMut(Progress)) -> Result<Restored, StoreError> {
    ground.write(&mut |tx| {
        refuse_unless_empty(tx)?;
        tx.batch(&format!("CREATE TABLE IF NOT EXISTS {UNFINISHED_RESTORE} (since BIGINT)"))
    })?;
    let mut restored = Restored { origin, rows: 0, handed_back: 0, master_key: None };
    ground.write(&mut |tx| {
        take_your_time(tx)?;
        refuse_unless_empty(tx)?.map_or(Ok(()), |version| drop_all(tx, version))?;
        tx.batch(VERSION_TABLE)?;
        let schema = restored.origin.schema;
        let (before, after) = migrate::pending(0)?.split_at(usize::try_from(schema).unwrap_or(0));
        migrate_by(tx, before)?;
        restored.rows = fill(tx, file, schema, progress)?;
        migrate_by(tx, after)?;
        restored.handed_back = nodes::hand_back_all(tx)?;
        activity::seal_restored(tx)?;
        restored.master_key = agreements::get(tx, agreements::MASTER_KEY)?;
        tx.batch(&format!("DROP TABLE {UNFINISHED_RESTORE}"))
    })?;
    Ok(restored)
}

/// The version of the empty schema that is there, if one is.
fn refuse_unless_empty(tx: &mut dyn SchemaTx) -> Result<Option<i64>, StoreError> {
    if !tx.has_table("schema_migrations")? {
        return Ok(None);
    }
    let tx: &mut dyn Tx = tx;
    let version = tx.query_one(VERSION, &[], |row| row.int(0))?.unwrap_or(0);
    migrate::pending(version)?;
    for Table { name, .. } in tables_at(version)?.iter().filter(|table| !table.derived) {
        if tx.query_one(&format!("SELECT 1 FROM {name} LIMIT 1"), &[], |_| Ok(()))?.is_some() {
            let what = format!("the store is not empty, there are {name} in it: restore into one that was never used, and leave this one");
            return Err(StoreError::Refused(what));
        }
    }
    Ok(Some(version))
}

/// It may have been made by another version than the backup.
fn drop_all(tx: &mut dyn SchemaTx, version: i64) -> Result<(), StoreError> {
    let drops: Vec<String> = tables_at(version)?.iter().map(|table| format!("DROP TABLE {};", table.name)).collect();
    tx.batch(&format!("{} DROP TABLE schema_migrations;", drops.concat()))
}

fn migrate_by(tx: &mut dyn SchemaTx, migrations: &[migrate::Migration]) -> Result<(), StoreError> {
    let dialect = tx.dialect();
    migrations.iter().try_for_each(|migration| tx.batch(&migration.script(dialect)))
}

fn fill(tx: &mut dyn Tx, file: &Path, schema: i64, progress: &mut dyn FnMut(Progress)) -> Result<u64, StoreError> {
    let tables: Vec<Table> = tables_at(schema)?.into_iter().filter(Table::is_kept).collect();
    let of = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let (mut reader, _) = Reader::begin(file)?;
    let (mut batch, mut rows) = (None::<Batch<'_>>, 0);
    loop {
        let wrong = match reader.next()? {
            Entry::Row(cells) => match &mut batch {
                None => Some("a row has no table".to_owned()),
                Some(batch) => match cells.read(&batch.table.columns) {
                    Ok(cells) => {
                        rows += 1;
                        batch.push(tx, cells)?;
                        None
                    }
                    Err(error) => Some(format!("a row of {}: {error}", batch.table.name)),
                },
            },
            Entry::Table { name, columns } => {
                batch.take().map_or(Ok(()), |mut batch| batch.flush(tx))?;
                batch = tables.iter().find(|table| table.name == name && table.column_names() == columns).map(Batch::new);
                batch.is_none().then(|| format!("schema {schema} has no table {name} of such columns"))
            }
            Entry::End => {
                batch.take().map_or(Ok(()), |mut batch| batch.flush(tx))?;
                return Ok(rows);
            }
        };
        if let Some(wrong) = wrong {
            return Err(reader.damaged(&wrong));
        }
        if rows % BATCH_ROWS as u64 == 0 {
            progress(Progress { done: reader.bytes_read(), of });
        }
    }
}

/// Rows of a table on their way.
struct Batch<'t> {
    table: &'t Table,
    /// For as many rows as go together.
    whole: String,
    rows: Vec<Vec<Cell>>,
    bytes: usize,
}

impl<'t> Batch<'t> {
    fn new(table: &'t Table) -> Batch<'t> {
        Batch { table, whole: insert(table, BATCH_ROWS), rows: Vec::with_capacity(BATCH_ROWS), bytes: 0 }
    }

    fn push(&mut self, tx: &mut dyn Tx, row: Vec<Cell>) -> Result<(), StoreError> {
        self.bytes += row.iter().map(Cell::bytes).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() == BATCH_ROWS || self.bytes >= BATCH_BYTES { self.flush(tx) } else { Ok(()) }
    }

    fn flush(&mut self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let params: Vec<Param<'_>> = self.rows.iter().flatten().map(Param::from).collect();
        let nothing = &mut |_: &dyn crate::Row| Ok(());
        match self.rows.len() {
            0 => {}
            BATCH_ROWS => tx.rows(&self.whole, &params, nothing)?,
            some => tx.rows(&insert(self.table, some), &params, nothing)?,
        }
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn insert(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let row = |row: usize| {
        let places: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {} ({}) VALUES {}", table.name, table.column_names().join(", "), rows.join(", "))
}

impl Cell {
    fn bytes(&self) -> usize {
        match self {
            Cell::Null | Cell::Int(_) => size_of::<i64>(),
            Cell::Text(text) => text.len(),
            Cell::Bytes(bytes) => bytes.len(),
        }
    }
}
