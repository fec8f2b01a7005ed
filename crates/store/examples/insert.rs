//! What SQLite itself takes to insert the rows that an import has made: `insert FROM TO`, two data folders.
//!
//! The rows of all tasks, of their values and of their history are read from FROM, which has one workspace and is not
//! served, and inserted into TO, which is new, by one statement a table in one loop: no threads, no queue, no checks, a
//! thousand tasks a commit as an import has them. Only the inserts and commits are timed.
//! Prints `{"tasks_per_second": ..., "statements": [...]}`.
#![forbid(unsafe_code)]

use std::path::Path;
use std::time::{Duration, Instant};

use baton_store::{Options, Place, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, Rows, params_from_iter};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const TASKS_A_COMMIT: usize = 1_000;
/// With the column that says of which task a row is.
const TABLES: [(&str, &str); 3] = [("tasks", "id"), ("task_values", "task_id"), ("activity", "task_id")];

fn main() -> Outcome<()> {
    let mut given = std::env::args().skip(1);
    let (Some(from), Some(to)) = (given.next(), given.next()) else { return Err("usage: insert FROM TO".into()) };
    // Made and closed again, so that it has the schema.
    drop(Store::open(Options::new(Place::Folder((&to).into())))?);
    let (source, target) = (Connection::open(Path::new(&from).join("baton.db"))?, Connection::open(Path::new(&to).join("baton.db"))?);
    // As the store's writer has them; the database itself is in WAL mode.
    for (name, value) in [("synchronous", "FULL"), ("temp_store", "MEMORY"), ("wal_autocheckpoint", "4000"), ("cache_size", "-32768")] {
        target.pragma_update(None, name, value)?;
    }
    let (tasks, spent, statements) = copy(&source, &target)?;
    println!("{}", serde_json::json!({ "tasks_per_second": tasks as f64 / spent.as_secs_f64(), "statements": statements }));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement asks the machine for the time")]
fn copy(source: &Connection, target: &Connection) -> Outcome<(usize, Duration, Vec<String>)> {
    let selects = TABLES.map(|(table, task)| format!("SELECT {task}, * FROM {table} WHERE {task} IS NOT NULL ORDER BY {task}"));
    let mut selects = selects.iter().map(|sql| source.prepare(sql)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<usize> = selects.iter().map(|select| select.column_count() - 1).collect();
    let statements: Vec<String> = TABLES.iter().zip(&columns).map(|((table, _), count)| insert(table, *count)).collect();
    let mut inserts = statements.iter().map(|sql| target.prepare(sql)).collect::<Result<Vec<_>, _>>()?;
    let mut sources = Vec::new();
    for (select, columns) in selects.iter_mut().zip(&columns) {
        sources.push(Source { rows: select.query([])?, columns: *columns, next: None });
    }

    let (mut tasks, mut spent) = (0, Duration::ZERO);
    loop {
        let first = sources[0].take(TASKS_A_COMMIT)?;
        let Some((last, _)) = first.last() else { return Ok((tasks, spent, statements)) };
        let (last, count) = (*last, first.len());
        let mut chunk = vec![first];
        for source in &mut sources[1..] {
            chunk.push(source.take_up_to(last)?);
        }
        let start = Instant::now();
        target.execute_batch("BEGIN IMMEDIATE")?;
        for (insert, rows) in inserts.iter_mut().zip(&chunk) {
            for (_, values) in rows {
                insert.execute(params_from_iter(values))?;
            }
        }
        target.execute_batch("COMMIT")?;
        spent += start.elapsed();
        tasks += count;
    }
}

fn insert(table: &str, columns: usize) -> String {
    let places: Vec<String> = (1..=columns).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO {table} VALUES ({})", places.join(", "))
}

/// The task of a row, and its columns.
type Row = (i64, Vec<Value>);

/// A table's rows, task by task.
struct Source<'a> {
    rows: Rows<'a>,
    columns: usize,
    /// Read, and not taken yet.
    next: Option<Row>,
}

impl Source<'_> {
    fn read(&mut self) -> Outcome<Option<Row>> {
        if let Some(row) = self.next.take() {
            return Ok(Some(row));
        }
        let Some(row) = self.rows.next()? else { return Ok(None) };
        let values = (1..=self.columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
        Ok(Some((row.get(0)?, values)))
    }

    fn take(&mut self, count: usize) -> Outcome<Vec<Row>> {
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(row) = self.read()?
        {
            taken.push(row);
        }
        Ok(taken)
    }

    fn take_up_to(&mut self, last: i64) -> Outcome<Vec<Row>> {
        let mut taken = Vec::new();
        while let Some(row) = self.read()? {
            if row.0 > last {
                self.next = Some(row);
                break;
            }
            taken.push(row);
        }
        Ok(taken)
    }
}
