//! A transaction on PostgreSQL.

use std::pin::pin;

use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::error::{Failure, Kind};
use super::pipeline::{Pipeline, send};
use super::row::{Bound, Owned, PostgresRow};
use super::session::Session;
use crate::{Dialect, Param, Row, StoreError, Tx};

/// Statements on their way at once; they and their answers are held in memory.
const SENT_MAX: usize = 256;

pub(super) struct PostgresTx<'s> {
    session: &'s mut Session,
    /// How the transaction begins; sent along with the first statement.
    begin: &'static str,
    state: State,
    /// Sent, but not yet answered.
    pipeline: Pipeline,
    wrote: bool,
    /// The first failure: after it nothing more is sent in this transaction.
    failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was sent.
    New,
    /// Sent, but PostgreSQL has not yet answered anything: a connection that was lost before can be made again.
    Sent,
    Begun,
}

impl<'s> PostgresTx<'s> {
    pub fn new(session: &'s mut Session, begin: &'static str) -> PostgresTx<'s> {
        PostgresTx { session, begin, state: State::New, pipeline: Pipeline::default(), wrote: false, failure: None }
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
    pub fn commit(mut self) -> Result<(), Failure> {
        if self.state == State::New {
            return Ok(());
        }
        // What must be known before: whether every condition holds; and, where nothing was answered yet, whether there is a
        // connection at all, or its loss would pass for an unknown outcome.
        if (self.pipeline.has_conditions() || self.state == State::Sent)
            && let Err(failure) = self.settle()
        {
            self.roll_back();
            return Err(failure);
        }
        // After a statement that failed PostgreSQL takes this for a rollback.
        let committed = self.push("COMMIT").and_then(|()| self.settle());
        committed.map_err(|failure| {
            if failure.kind != Kind::Broken {
                return failure;
            }
            self.session.disconnect();
            Failure { error: StoreError::OutcomeUnknown(failure.error.to_string()), kind: Kind::Other }
        })
    }

    pub fn roll_back(mut self) {
        if self.state == State::New {
            return;
        }
        // A connection that can't even do this is not used again; with it the transaction is gone.
        let ended = self.push("ROLLBACK").and_then(|()| self.session.wait(self.pipeline.settle()));
        if ended.is_err_and(|failure| failure.kind == Kind::Broken) {
            self.session.disconnect();
        }
    }

    /// A statement of the transaction itself.
    fn push(&mut self, sql: &'static str) -> Result<(), Failure> {
        let client = self.session.client()?.clone();
        self.pipeline.push(async move { client.batch_execute(sql).await.map(|()| 0) }, None);
        Ok(())
    }

    /// Statements without parameters and without answers.
    pub fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.wrote = true;
        let run = |tx: &mut Self| {
            if tx.state == State::New {
                tx.push(tx.begin)?;
                tx.state = State::Sent;
            }
            tx.settle()?;
            tx.session.batch(sql)
        };
        run(self).map_err(|failure| self.note(failure))
    }

    /// Waits for what is on its way.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if self.pipeline.is_empty() {
            return Ok(());
        }
        let settled = self.session.wait(self.pipeline.settle());
        if settled.is_ok() {
            self.state = State::Begun;
        }
        settled
    }

    /// Before a statement: it is prepared, and the transaction has begun or begins along with it.
    fn prepare(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Statement, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let statement = match self.session.prepared(sql) {
            Some(statement) => statement,
            None => {
                // The answers on their way must be taken off the connection, or this one never comes.
                self.settle()?;
                self.session.prepare(sql)?
            }
        };
        if params.len() != statement.params().len() {
            let what = format!("{} parameters where {} are wanted: {sql}", params.len(), statement.params().len());
            return Err(Failure { error: StoreError::Sql(what), kind: Kind::Other });
        }
        if self.state == State::New {
            self.push(self.begin)?;
            self.state = State::Sent;
        }
        Ok(statement)
    }

    /// Sends a statement and goes on.
    fn push_statement(&mut self, sql: &str, params: &[Param<'_>], unless_one: Option<StoreError>) -> Result<(), Failure> {
        let statement = self.prepare(sql, params)?;
        if self.pipeline.len() >= SENT_MAX {
            self.settle()?;
        }
        let client = self.session.client()?.clone();
        let params: Vec<Owned> = params.iter().map(|param| Owned::from(*param)).collect();
        self.pipeline.push(async move { client.execute_raw(&statement, &params).await }, unless_one);
        Ok(())
    }

    /// Sends a statement behind those that are on their way, and waits for the answers of all.
    fn ask(&mut self, ask: Ask, sql: &str, params: &[Param<'_>]) -> Result<Answer, Failure> {
        let statement = self.prepare(sql, params)?;
        let bound: Vec<Bound<'_>> = params.iter().map(|param| Bound(*param)).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
        let client = self.session.client()?.clone();
        let mut request = pin!(async {
            match ask {
                Ask::Rows => client.query(&statement, &bound).await.map(Answer::Rows),
                Ask::Count => client.execute(&statement, &bound).await.map(Answer::Count),
            }
        });
        let at_once = send(request.as_mut());
        let answered = self.session.wait(async {
            let before = self.pipeline.settle().await;
            let answer = match at_once {
                Some(answer) => answer,
                None => request.await,
            };
            before.and(answer.map_err(|error| Failure::new(&error)))
        });
        if answered.is_ok() {
            self.state = State::Begun;
        }
        answered
    }

    fn run(&mut self, ask: Ask, sql: &str, params: &[Param<'_>]) -> Result<Answer, StoreError> {
        // Only a first statement can be sent again by itself; what else was sent is not known any more.
        let first = self.state == State::New;
        let asked = self.ask(ask, sql, params).or_else(|failure| {
            if !first || self.state == State::Begun || failure.kind != Kind::Broken {
                return Err(failure);
            }
            // Nothing has happened yet, and an idle connection may have been lost long ago.
            self.forget_connection();
            self.ask(ask, sql, params)
        });
        asked.map_err(|failure| self.note(failure))
    }

    fn forget_connection(&mut self) {
        self.session.disconnect();
        self.pipeline = Pipeline::default();
        self.state = State::New;
    }

    fn note(&mut self, failure: Failure) -> StoreError {
        let error = failure.error.clone();
        if failure.kind == Kind::Broken {
            self.forget_connection();
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

    fn send(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.wrote |= !sql.starts_with("SELECT");
        self.push_statement(sql, params, None).map_err(|failure| self.note(failure))
    }

    fn send_one(&mut self, sql: &'static str, params: &[Param<'_>], otherwise: StoreError) -> Result<(), StoreError> {
        self.wrote = true;
        self.push_statement(sql, params, Some(otherwise)).map_err(|failure| self.note(failure))
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
