//! A transaction on PostgreSQL.

use tokio_postgres::types::ToSql;

use super::error::{Failure, Kind};
use super::row::{Bound, PostgresRow};
use super::session::Session;
use crate::{Dialect, Param, Row, StoreError, Tx};

pub(super) struct PostgresTx<'s> {
    session: &'s mut Session,
    /// How the transaction begins. It is sent along with the first statement, which saves a way there and back.
    begin: &'static str,
    begun: bool,
    wrote: bool,
    /// The first failure of a statement: after it PostgreSQL takes nothing more in this transaction.
    failure: Option<Failure>,
}

impl<'s> PostgresTx<'s> {
    pub fn new(session: &'s mut Session, begin: &'static str) -> PostgresTx<'s> {
        PostgresTx { session, begin, begun: false, wrote: false, failure: None }
    }

    /// Forgets what the works before have written, to see what the next does.
    pub fn next_work(&mut self) {
        self.wrote = false;
    }

    pub fn wrote(&self) -> bool {
        self.wrote
    }

    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// A connection that breaks here leaves open whether it happened.
    pub fn commit(self) -> Result<(), Failure> {
        if !self.begun {
            return Ok(());
        }
        self.session.batch("COMMIT").map_err(|failure| {
            if failure.kind != Kind::Broken {
                return failure;
            }
            self.session.disconnect();
            Failure { error: StoreError::OutcomeUnknown(failure.error.to_string()), kind: Kind::Other }
        })
    }

    pub fn roll_back(self) {
        // A connection that can't even do this is not used again; with it the transaction is gone.
        if self.begun && self.session.batch("ROLLBACK").is_err() {
            self.session.disconnect();
        }
    }

    fn run(&mut self, ask: Ask, sql: &str, params: &[Param<'_>]) -> Result<Answer, StoreError> {
        // What is left to do in a transaction that has failed is to end it.
        if let Some(failure) = &self.failure {
            return Err(failure.error.clone());
        }
        let sent = self.send(ask, sql, params).or_else(|failure| {
            if self.begun || failure.kind != Kind::Broken {
                return Err(failure);
            }
            // Nothing has happened yet, and an idle connection may have been lost long ago.
            self.session.disconnect();
            self.send(ask, sql, params)
        });
        sent.map_err(|failure| self.note(failure))
    }

    fn send(&mut self, ask: Ask, sql: &str, params: &[Param<'_>]) -> Result<Answer, Failure> {
        let (runtime, client, statement) = self.session.prepare(sql)?;
        if params.len() != statement.params().len() {
            let what = format!("{} parameters where {} are wanted: {sql}", params.len(), statement.params().len());
            return Err(Failure { error: StoreError::Sql(what), kind: Kind::Other });
        }
        let bound: Vec<Bound<'_>> = params.iter().map(|param| Bound(*param)).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
        let asked = async {
            match ask {
                Ask::Rows => client.query(&statement, &bound).await.map(Answer::Rows),
                Ask::Count => client.execute(&statement, &bound).await.map(Answer::Count),
            }
        };
        let answer = if self.begun {
            runtime.block_on(asked)
        } else {
            let begin = client.batch_execute(self.begin);
            let (begun, answer) = runtime.block_on(async { tokio::join!(begin, asked) });
            self.begun = begun.is_ok();
            begun.and(answer)
        };
        answer.map_err(|error| Failure::new(&error))
    }

    fn note(&mut self, failure: Failure) -> StoreError {
        let error = failure.error.clone();
        if failure.kind == Kind::Broken {
            self.session.disconnect();
            self.begun = false;
        }
        self.failure.get_or_insert(failure);
        error
    }
}

#[derive(Clone, Copy)]
enum Ask {
    Rows,
    Count,
}

enum Answer {
    Rows(Vec<tokio_postgres::Row>),
    Count(u64),
}

impl Tx for PostgresTx<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.wrote = true;
        match self.run(Ask::Count, sql, params)? {
            Answer::Count(count) => Ok(count),
            Answer::Rows(rows) => Ok(rows.len() as u64),
        }
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.wrote |= !sql.starts_with("SELECT");
        match self.run(Ask::Rows, sql, params)? {
            Answer::Rows(rows) => rows.iter().try_for_each(|row| each(&PostgresRow(row))),
            Answer::Count(_) => Ok(()),
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}
