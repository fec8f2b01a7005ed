//! What SQLite itself can do with the product's own statements: `limit FOLDER SECONDS`, on a copy of a data folder.
//!
//! The statements of executions are recorded from the store's functions in a transaction that is rolled back. Then they
//! run bare: no threads, no queue, no savepoints, no Rust but the binding of their parameters, 64 executions a commit.
//! Prints `{"executions_per_second": ..., "statements": [...]}`.
//!
//! `--step N` takes every Nth task instead of each in turn. `--fill TASKS` makes a folder to measure on. `--writer CALLERS` measures the store's own writers with the same
//! executions instead, asked for by so many callers at once; FOLDER may then be a `postgres://` address too.
#![forbid(unsafe_code)]

mod bare;
mod execution;
mod fill;
mod record;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_store::{Options, Place, Store, StoreError};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Arguments {
    folder: PathBuf,
    time: Duration,
    step: usize,
    fill: Option<usize>,
    callers: Option<usize>,
}

fn main() -> Outcome<()> {
    let arguments = read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(&arguments))
}

fn read(mut given: impl Iterator<Item = String>) -> Outcome<Arguments> {
    let usage = "usage: limit FOLDER SECONDS [--step N] [--fill TASKS] [--writer CALLERS]";
    let (Some(folder), Some(seconds)) = (given.next(), given.next()) else { return Err(usage.into()) };
    let mut arguments =
        Arguments { folder: folder.into(), time: Duration::from_secs(seconds.parse()?), step: 1, fill: None, callers: None };
    while let Some(option) = given.next() {
        let number = given.next().ok_or(usage)?.parse()?;
        match option.as_str() {
            "--step" => arguments.step = number,
            "--fill" => arguments.fill = Some(number),
            "--writer" => arguments.callers = Some(number),
            _ => return Err(usage.into()),
        }
    }
    Ok(arguments)
}

async fn measure(arguments: &Arguments) -> Outcome<()> {
    let store = open(&arguments.folder)?;
    if let Some(tasks) = arguments.fill {
        fill::fill(&store, tasks).await?;
    }
    let subject = execution::Subject::of(&store).await?;
    if let Some(callers) = arguments.callers {
        let per_second = writer::measure(&store, subject, callers, arguments.step, arguments.time).await?;
        println!("{}", serde_json::json!({ "executions_per_second": per_second, "callers": callers }));
        return Ok(());
    }
    let (per_second, statements) = bare::measure(store, &arguments.folder, subject, arguments.step, arguments.time).await?;
    println!("{}", serde_json::json!({ "executions_per_second": per_second, "statements": statements }));
    Ok(())
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    let place = match folder.to_str() {
        Some(url) if url.starts_with("postgres://") => Place::Url(url.to_owned()),
        _ => Place::Folder(folder.to_owned()),
    };
    Store::open(Options::new(place))
}
