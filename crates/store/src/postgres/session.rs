//! One thread's connection, made when it is needed and made again when it is lost.

use std::collections::HashMap;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::error::Failure;
use crate::StoreError;

/// After a connection that could not be made, the next try waits; doubled up to the greatest.
const WAIT_FIRST: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(1);
/// What every session says first. A node that stops for a while in the middle of a transaction must not keep its locks;
/// and for look-ups of a few rows compiling them costs more than it saves.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '5s'; SET jit = off;
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
    client: Client,
    /// By where their text is, as nearly all are constants of the program.
    statements: HashMap<(usize, usize), (Box<str>, Statement)>,
}

impl Session {
    pub fn new(config: Config) -> Result<Session, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Refused(format!("no way to wait for PostgreSQL: {error}")))?;
        Ok(Session { config, runtime, connected: None, wait: None })
    }

    /// The statement, prepared on this connection, and what sends it.
    pub fn prepare(&mut self, sql: &str) -> Result<(&Runtime, &Client, Statement), Failure> {
        if self.connected.is_none() {
            self.connected = Some(self.connect()?);
        }
        let Connected { client, statements } = self.connected.as_mut().expect("just connected");
        let place = (sql.as_ptr().addr(), sql.len());
        // Another text may stand at the place of one that is gone.
        if let Some((text, statement)) = statements.get(&place)
            && **text == *sql
        {
            return Ok((&self.runtime, client, statement.clone()));
        }
        let statement = self.runtime.block_on(client.prepare(sql)).map_err(|error| Failure::new(&error))?;
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(place, (sql.into(), statement.clone()));
        Ok((&self.runtime, client, statement))
    }

    /// Statements without parameters and without answers.
    pub fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        if self.connected.is_none() {
            self.connected = Some(self.connect()?);
        }
        let client = &self.connected.as_ref().expect("just connected").client;
        self.runtime.block_on(client.batch_execute(sql)).map_err(|error| Failure::new(&error))
    }

    /// The one number that a statement answers with.
    pub fn number(&mut self, sql: &str) -> Result<i64, StoreError> {
        let found = self.prepare(sql).and_then(|(runtime, client, statement)| {
            runtime.block_on(client.query_one(&statement, &[])).map_err(|error| Failure::new(&error))
        });
        let row = found.map_err(|failure| failure.error)?;
        row.try_get(0).map_err(|error| StoreError::Sql(error.to_string()))
    }

    /// The connection is not used again.
    pub fn disconnect(&mut self) {
        self.connected = None;
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
            Ok(client)
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
