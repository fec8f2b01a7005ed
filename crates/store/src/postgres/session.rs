//! One thread's connection, made when it is needed and made again when it is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::error::Failure;
use crate::StoreError;

/// After a connection that could not be made, the next try waits; doubled up to the greatest.
const WAIT_FIRST: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(1);
/// What every session says first. A node that stops for a while in the middle of a transaction must not keep its locks;
/// and for look-ups of a few rows compiling them costs more than it saves. A statement keeps its plan while its table grows:
/// one that was made for a few rows would read all of a million, so what has an index never reads a whole table.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '5s'; SET jit = off; SET enable_seqscan = off;
    SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning";
/// Texts that are put together (lists) come and go; then the cache starts anew.
const STATEMENTS_MAX: usize = 512;

pub(super) struct Session {
    config: Config,
    /// Drives the connection while its thread waits for an answer.
    runtime: Runtime,
    connected: Option<Connected>,
    wait: Option<Duration>,
}

struct Connected {
    client: Arc<Client>,
    statements: HashMap<(usize, usize), (Box<str>, Statement)>,
}

impl Session {
    pub fn new(config: Config) -> Result<Session, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Refused(format!("no way to wait for PostgreSQL: {error}")))?;
        Ok(Session { config, runtime, connected: None, wait: None })
    }

    /// What sends on this connection.
    pub fn client(&mut self) -> Result<&Arc<Client>, Failure> {
        Ok(&self.connected()?.client)
    }

    /// Waits for an answer, and meanwhile moves what comes and goes on the connection.
    pub fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// The statement if it is prepared already.
    pub fn prepared(&self, sql: &str) -> Option<Statement> {
        let (text, statement) = self.connected.as_ref()?.statements.get(&place(sql))?;
        // Another text may stand at the place of one that is gone.
        (**text == *sql).then(|| statement.clone())
    }

    pub fn prepare(&mut self, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.prepared(sql) {
            return Ok(statement);
        }
        let client = self.client()?.clone();
        let statement = self.wait(client.prepare(sql)).map_err(|error| Failure::new(&error))?;
        let statements = &mut self.connected()?.statements;
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(place(sql), (sql.into(), statement.clone()));
        Ok(statement)
    }

    /// Statements without parameters and without answers.
    pub fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        let client = self.client()?.clone();
        self.wait(client.batch_execute(sql)).map_err(|error| Failure::new(&error))
    }

    /// The one number that a statement answers with.
    pub fn number(&mut self, sql: &str) -> Result<i64, StoreError> {
        let client = self.client().map_err(|failure| failure.error)?.clone();
        let row = self.wait(client.query_one(sql, &[])).map_err(|error| Failure::new(&error).error)?;
        row.try_get(0).map_err(|error| StoreError::Sql(error.to_string()))
    }

    /// The connection is not used again.
    pub fn disconnect(&mut self) {
        self.connected = None;
    }

    fn connected(&mut self) -> Result<&mut Connected, Failure> {
        if self.connected.is_none() {
            self.connected = Some(self.connect()?);
        }
        Ok(self.connected.as_mut().expect("just connected"))
    }

    fn connect(&mut self) -> Result<Connected, Failure> {
        if let Some(wait) = self.wait {
            std::thread::sleep(wait);
        }
        let connected = self.runtime.block_on(async {
            let (client, connection) = self.config.connect(NoTls).await?;
            self.runtime.spawn(async {
                // The error reaches whoever waits for an answer.
                drop(connection.await);
            });
            client.batch_execute(SETTINGS).await?;
            Ok(Arc::new(client))
        });
        match connected {
            Ok(client) => {
                self.wait = None;
                Ok(Connected { client, statements: HashMap::new() })
            }
            Err(error) => {
                self.wait = Some(self.wait.map_or(WAIT_FIRST, |wait| (wait * 2).min(WAIT_MAX)));
                let mut failure = Failure::new(&error);
                if !matches!(failure.error, StoreError::Unavailable(_)) {
                    failure.error = StoreError::Unavailable(failure.error.to_string());
                }
                tracing::warn!(error = %failure.error, "PostgreSQL can't be reached");
                Err(failure)
            }
        }
    }
}

/// Nearly all statements are constants of the program, so a text is found by where it is.
fn place(sql: &str) -> (usize, usize) {
    (sql.as_ptr().addr(), sql.len())
}
