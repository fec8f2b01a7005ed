//! PostgreSQL: some threads that write and some that read, each with a connection of its own, pulling from two queues.

mod error;
mod migrate;
mod pipeline;
mod reader;
mod row;
mod session;
mod tx;
mod writer;

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use self::session::Session;
use crate::work::Work;
use crate::{Options, StoreError};

/// Works that may wait for a connection. Past them callers are told to come back.
const QUEUE_MAX: usize = 2048;

pub(crate) struct Postgres {
    /// `None` once it is closing: the threads end when the last sender has gone and their queue is empty.
    queues: Option<Queues>,
    threads: Vec<JoinHandle<()>>,
}

struct Queues {
    write: Sender<Box<dyn Work>>,
    read: Sender<Box<dyn Work>>,
}

impl Postgres {
    pub fn open(url: &str, options: &Options) -> Result<Postgres, StoreError> {
        let config = parse(url)?;
        // On a thread of its own, for the caller's may be driving asynchronous tasks.
        let migrated = std::thread::scope(|scope| scope.spawn(|| migrate::migrate(&mut Session::new(config.clone())?)).join());
        migrated.unwrap_or_else(|_| Err(StoreError::Refused("the database could not be migrated; the log has the details".to_owned())))?;
        let (write, writes) = bounded(QUEUE_MAX);
        let (read, reads) = bounded(QUEUE_MAX);
        let (writers, readers) = (options.writers.max(1), options.readers.max(1));
        let mut postgres = Postgres { queues: Some(Queues { write, read }), threads: Vec::new() };
        for _ in 0..writers {
            let works = writes.clone();
            postgres.spawn("store-writer", &config, move |session| writer::write_groups(session, &works, writers))?;
        }
        for _ in 0..readers {
            let works: Receiver<Box<dyn Work>> = reads.clone();
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

    pub fn write(&self, work: Box<dyn Work>) -> Result<(), StoreError> {
        send(&self.queues.as_ref().expect("open until dropped").write, work)
    }

    pub fn read(&self, work: Box<dyn Work>) -> Result<(), StoreError> {
        send(&self.queues.as_ref().expect("open until dropped").read, work)
    }
}

fn send(queue: &Sender<Box<dyn Work>>, work: Box<dyn Work>) -> Result<(), StoreError> {
    queue.try_send(work).map_err(|error| match error {
        TrySendError::Full(_) => StoreError::Overloaded,
        TrySendError::Disconnected(_) => StoreError::Unavailable("the store's threads have ended".to_owned()),
    })
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
}
