//! PostgreSQL: some threads that write, one that keeps the lease, and some that read, each with a connection of its own, pulling from
//! three queues.

mod error;
mod ground;
mod migrate;
mod pipeline;
mod reader;
mod row;
mod session;
mod tx;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

pub(crate) use self::ground::PostgresGround;
use self::session::Session;
use crate::measure::Measures;
use crate::queue::{Queue, Whose, queue};
use crate::work::Work;
use crate::{Options, StoreError};

/// A connection that hangs must end before the lease does that its works hold: what was sent is acknowledged within this,
/// and what is silent is asked.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const CONNECT_MAX: Duration = Duration::from_secs(3);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(2);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(1);
const KEEPALIVES: u32 = 3;

pub(crate) struct Postgres {
    /// `None` once it is closing: the threads end when their queue has gone and is empty.
    queues: Option<Queues>,
    threads: Vec<JoinHandle<()>>,
}

struct Queues {
    write: Queue,
    /// With a thread of its own: the others may all be waiting for locks, for longer than a lease lasts.
    lease: Queue,
    read: Queue,
}

impl Postgres {
    pub fn open(url: &str, options: &Options, measures: &Arc<Measures>) -> Result<Postgres, StoreError> {
        let config = parse(url)?;
        // On a thread of its own, for the caller's may be driving asynchronous tasks.
        let begin = if options.migrate { migrate::migrate } else { migrate::check };
        let migrated = std::thread::scope(|scope| scope.spawn(|| begin(&mut Session::new(config.clone())?)).join());
        migrated.unwrap_or_else(|_| Err(StoreError::Refused("the database could not be migrated; the log has the details".to_owned())))?;
        let (write, writes) = queue(measures);
        let (lease, leases) = queue(measures);
        // What waits to be read is measured with the reading.
        let (read, reads) = queue(&Measures::new());
        let (writers, readers) = (options.writers.max(1), options.readers.max(1));
        let mut postgres = Postgres { queues: Some(Queues { write, lease, read }), threads: Vec::new() };
        for _ in 0..writers {
            let works = writes.clone();
            postgres.spawn("store-writer", &config, move |session| writer::write_groups(session, &works, writers))?;
        }
        postgres.spawn("store-lease", &config, move |session| writer::write_groups(session, &leases, 1))?;
        for _ in 0..readers {
            let works = reads.clone();
            postgres.spawn("store-reader", &config, move |session| reader::read_all(session, &works))?;
        }
        Ok(postgres)
    }

    fn spawn(&mut self, name: &str, config: &Config, run: impl FnOnce(Session) + Send + 'static) -> Result<(), StoreError> {
        let session = Session::new(config.clone())?;
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(session));
        self.threads.push(spawned.map_err(|error| StoreError::Refused(format!("no thread for {name}: {error}")))?);
        Ok(())
    }

    pub fn write(&self, whose: Whose, work: Box<dyn Work>) -> Result<(), StoreError> {
        let queues = self.queues.as_ref().expect("open until dropped");
        let queue = if whose == Whose::Lease { &queues.lease } else { &queues.write };
        queue.push(whose, work)
    }

    pub fn read(&self, whose: Whose, work: Box<dyn Work>) -> Result<(), StoreError> {
        self.queues.as_ref().expect("open until dropped").read.push(whose, work)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.queues = None;
        let own = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != own) {
            drop(thread.join());
        }
    }
}

/// The address is not repeated in an error: there may be a password in it.
fn parse(url: &str) -> Result<Config, StoreError> {
    let refused = |what: String| StoreError::Refused(format!("database_url {what}"));
    let allowed = "allowed is postgres://user:password@host:port/database";
    let mut config: Config = url.parse().map_err(|error| refused(format!("is not understood ({error}); {allowed}")))?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(refused(
            "asks for sslmode=require, but Baton speaks no TLS to PostgreSQL yet; \
             allowed are sslmode=disable and sslmode=prefer, over a network or a tunnel that is safe"
                .to_owned(),
        ));
    }
    if config.get_application_name().is_none() {
        config.application_name("baton");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_MAX);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE_MAX);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_idle(KEEPALIVE_IDLE).keepalives_interval(KEEPALIVE_EVERY).keepalives_retries(KEEPALIVES);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refused_without_telling_its_password() {
        for url in ["postgres://me:hunter2@host/db?sslmode=require", "postgres://me:hunter2@host/db?sslmode=verify-full", "hunter2"] {
            let Err(StoreError::Refused(message)) = parse(url) else { panic!("{url} is taken") };
            assert!(message.contains("allowed") && !message.contains("hunter2"), "{message}");
        }
        assert!(parse("postgres://me:hunter2@host:5433/db").is_ok());
    }

    #[test]
    fn a_connection_that_hangs_ends_within_a_lease() {
        let lease = Duration::from_secs(10);
        let config = parse("postgres://host/db").unwrap();
        assert!(config.get_connect_timeout().is_some_and(|timeout| *timeout < lease));
        assert!(config.get_tcp_user_timeout().is_some_and(|timeout| *timeout < lease));
        assert!(config.get_keepalives());
        let asked = config.get_keepalives_interval().unwrap() * config.get_keepalives_retries().unwrap();
        assert!(config.get_keepalives_idle() + asked < lease);
        let own = parse("postgres://host/db?connect_timeout=7").unwrap();
        assert_eq!(own.get_connect_timeout(), Some(&Duration::from_secs(7)));
    }
}
