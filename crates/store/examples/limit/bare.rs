//! The recorded statements in one loop on one connection.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use baton_core::ids::Id;
use baton_store::{Store, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::execution::{self, Subject};
use super::record::{Recorder, Statement, Value};
use super::{Outcome, open};

const EXECUTIONS_A_COMMIT: usize = 64;
/// Commits that are recorded at once; what is recorded is held in memory.
const ROUNDS: usize = 50;

/// The statements of some executions: of all that are accepted in one commit, then of all that run in one commit.
struct Round {
    accept: Vec<Statement>,
    run: Vec<Statement>,
}

/// Executions per second, and the statements of one.
pub async fn measure(store: Store, folder: &Path, subject: Subject, step: usize, time: Duration) -> Outcome<(f64, Vec<String>)> {
    let mut store = Some(store);
    let (mut spent, mut done, mut next) = (Duration::ZERO, 0, 0);
    let mut one = Vec::new();
    while spent < time {
        let open_store = store.take().map_or_else(|| open(folder), Ok)?;
        let rounds = record(&open_store, &subject, step, next).await?;
        // Closed, for a data folder has one writer.
        drop(open_store);
        next += ROUNDS * EXECUTIONS_A_COMMIT;
        let texts = |statements: &[Statement]| -> Vec<String> {
            statements[..statements.len() / EXECUTIONS_A_COMMIT].iter().map(|statement| statement.sql.clone()).collect()
        };
        one = [texts(&rounds[0].accept), texts(&rounds[0].run)].concat();
        spent += replay(folder, &rounds)?;
        done += rounds.len() * EXECUTIONS_A_COMMIT;
    }
    Ok((done as f64 / spent.as_secs_f64(), one))
}

async fn record(store: &Store, subject: &Subject, step: usize, first: usize) -> Result<Vec<Round>, StoreError> {
    let (send, receive) = std::sync::mpsc::channel();
    let subject = subject.clone();
    let rolled_back = store.write(move |tx| {
        let mut rounds = Vec::with_capacity(ROUNDS);
        for round in 0..ROUNDS {
            let mut recorder = Recorder { tx, statements: Vec::new() };
            let number = |index: usize| first + round * EXECUTIONS_A_COMMIT + index;
            let accepted: Result<Vec<Id>, StoreError> = (0..EXECUTIONS_A_COMMIT)
                .map(|index| execution::accept(&mut recorder, &subject, subject.task(number(index), step)))
                .collect();
            let accept = std::mem::take(&mut recorder.statements);
            for execution in accepted? {
                execution::run(&mut recorder, &subject, execution)?;
            }
            rounds.push(Round { accept, run: recorder.statements });
        }
        drop(send.send(rounds));
        Err::<(), _>(StoreError::Sql("recorded".to_owned()))
    });
    match rolled_back.await {
        // A work that fails after it wrote is run again by itself, so there are two records of the same.
        Err(StoreError::Sql(what)) if what == "recorded" => Ok(receive.try_iter().last().unwrap_or_default()),
        other => other.map(|()| Vec::new()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement asks the machine for the time")]
fn replay(folder: &Path, rounds: &[Round]) -> Outcome<Duration> {
    let connection = Connection::open(folder.join("baton.db"))?;
    // As the store's writer has them; the database itself is in WAL mode.
    for (name, value) in [("synchronous", "FULL"), ("temp_store", "MEMORY"), ("wal_autocheckpoint", "4000"), ("cache_size", "-32768")] {
        connection.pragma_update(None, name, value)?;
    }
    let mut prepared = HashMap::new();
    for statement in rounds.iter().flat_map(|round| round.accept.iter().chain(&round.run)) {
        if !prepared.contains_key(statement.sql.as_str()) {
            prepared.insert(statement.sql.as_str(), connection.prepare(&statement.sql)?);
        }
    }
    let start = Instant::now();
    for statements in rounds.iter().flat_map(|round| [&round.accept, &round.run]) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for Statement { sql, params } in statements {
            let statement = prepared.get_mut(sql.as_str()).expect("prepared above");
            for (index, param) in params.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, param)?;
            }
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(start.elapsed())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
