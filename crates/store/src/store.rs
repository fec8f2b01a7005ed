//! Opening a store, and running work in its transactions.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use baton_core::time::Timestamp;
use tracing::{Instrument, debug_span};

use crate::backup::{self, Copied, Progress};
use crate::link::{self, Link};
use crate::measure::{Begun, Measures};
use crate::postgres::Postgres;
use crate::queue::Whose;
use crate::sqlite::Sqlite;
use crate::work::Errand;
use crate::{Dialect, StoreError, Tx};

#[derive(Clone, Debug)]
pub enum Place {
    /// A folder; the database is `baton.db` in it.
    Folder(PathBuf),
    /// `postgres://...`
    Url(String),
    /// An SQLite database in memory, for tests and simulation. Everything runs on the calling thread, so that a run can be
    /// replayed.
    Memory,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub place: Place,
    /// Threads (SQLite) or connections (PostgreSQL) that read.
    pub readers: usize,
    /// Connections that write on PostgreSQL; SQLite has one writer.
    pub writers: usize,
    /// SQLite's `max_page_count`, to try a full disk.
    pub page_count_max: Option<u32>,
    /// Whether a schema that is missing is made, and an old one brought up to date.
    pub migrate: bool,
}

impl Options {
    pub fn new(place: Place) -> Options {
        // More connections than this make PostgreSQL's own processes get in each other's way; fewer works share a commit.
        let writers = std::thread::available_parallelism().map_or(4, |cores| (2 * cores.get()).clamp(4, 16));
        Options { place, readers: 4, writers, page_count_max: None, migrate: true }
    }
}

/// A handle that can be cloned; the last one closes the store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    measures: Arc<Measures>,
    link: Option<Arc<dyn Link>>,
}

enum Inner {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens, and where the options say so creates and migrates.
    pub fn open(options: Options) -> Result<Store, StoreError> {
        let measures = Measures::new();
        let inner = match &options.place {
            Place::Folder(folder) => Inner::Sqlite(Sqlite::open_folder(folder, &options, &measures)?),
            Place::Memory => Inner::Sqlite(Sqlite::open_memory(&options)?),
            Place::Url(url) => Inner::Postgres(Postgres::open(url, &options, &measures)?),
        };
        Ok(Store { inner: Arc::new(inner), measures, link: None })
    }

    /// The same store as it is seen over a link. For simulations.
    pub fn over(&self, link: Arc<dyn Link>) -> Store {
        Store { link: Some(link), ..self.clone() }
    }

    /// How long its works have taken since it was opened.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    pub fn dialect(&self) -> Dialect {
        match &*self.inner {
            Inner::Sqlite(_) => Dialect::Sqlite,
            Inner::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs `work` in one transaction and answers when its commit is durable. An `Err` rolls back exactly this
    /// work. `work` may run again after a deadlock or a lost race, so it must not keep anything between runs.
    pub async fn write<T, E>(&self, work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_for(Whose::Callers, work).await
    }

    /// The same for what the node itself must do (hold its lease, run what it has accepted): it is never refused because
    /// too many callers wait, and goes before them.
    pub async fn write_own<T, E>(&self, work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_for(Whose::Own, work).await
    }

    /// The same for the node's lease: where several write, it waits for none of the node's other works either.
    pub async fn write_lease<T, E>(&self, work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_for(Whose::Lease, work).await
    }

    async fn write_for<T, E>(&self, whose: Whose, work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let written = async {
            match &self.link {
                None => self.write_here(whose, work).await,
                Some(link) => link::write(self, link, whose, work).await,
            }
        };
        written.instrument(debug_span!("transaction", writes = true)).await
    }

    pub(crate) async fn write_here<T, E>(
        &self,
        whose: Whose,
        work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (errand, answer) = Errand::new(work);
        match &*self.inner {
            Inner::Sqlite(sqlite) => sqlite.write(whose, Box::new(errand))?,
            Inner::Postgres(postgres) => postgres.write(whose, Box::new(errand))?,
        }
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Runs `work` on one consistent view that sees every answered write. Short work: SQLite runs it on the
    /// calling thread.
    pub async fn read<T, E>(&self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_for(Whose::Callers, work).await
    }

    /// The same for what the node itself must know, before all callers.
    pub async fn read_own<T, E>(&self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_for(Whose::Own, work).await
    }

    /// Writes a copy of all that the store holds at one moment. What is written meanwhile goes on; until the copy is done SQLite keeps
    /// the whole of it in the WAL, and PostgreSQL every version of a row.
    pub async fn back_up(
        &self,
        made_at: Timestamp,
        out: impl Write + Send + 'static,
        mut progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Copied, StoreError> {
        self.read(move |tx: &mut dyn Tx| backup::copy(tx, made_at, out, &mut progress)).await
    }

    async fn read_for<T, E>(&self, whose: Whose, work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let begun = Begun::now();
        let read = async {
            match &self.link {
                None => self.read_here(whose, work).await,
                Some(link) => link::read(self, link, whose, work).await,
            }
        };
        let read = read.instrument(debug_span!("transaction", writes = false)).await;
        self.measures.reads.took(begun.took());
        read
    }

    pub(crate) async fn read_here<T, E>(
        &self,
        whose: Whose,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.inner {
            Inner::Sqlite(sqlite) => sqlite.read(work).await,
            Inner::Postgres(postgres) => {
                let mut once = Some(work);
                let again = || StoreError::Unavailable("the connection broke while reading".to_owned());
                let (errand, answer) = Errand::new(move |tx: &mut dyn Tx| once.take().ok_or_else(again)?(tx));
                postgres.read(whose, Box::new(errand))?;
                answer.await.unwrap_or_else(|_| Err(closed().into()))
            }
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
