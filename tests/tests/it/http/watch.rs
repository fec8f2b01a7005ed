//! A store that is watched for writes, and all that stands in one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Dialect, Param, Row, Store, StoreError, Tx};

/// Sees whether a store is written to, once it watches.
#[derive(Default)]
pub struct Watcher {
    pub watches: AtomicBool,
    pub writes: AtomicUsize,
    pub reads: AtomicUsize,
}

/// What the store is seen over.
#[derive(Clone, Default)]
pub struct Watch(pub Arc<Watcher>);

impl Link for Watch {
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
        if self.0.watches.load(Ordering::SeqCst) {
            let count = if access == Access::Write { &self.0.writes } else { &self.0.reads };
            count.fetch_add(1, Ordering::SeqCst);
        }
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn Passage>) })
    }
}

impl Passage for Watch {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Watched { tx, watcher: &self.0 })
    }

    fn commits(&self) -> bool {
        true
    }

    fn close(&self) -> Crossing<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct Watched<'a> {
    tx: &'a mut dyn Tx,
    watcher: &'a Watcher,
}

impl Tx for Watched<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        if self.watcher.watches.load(Ordering::SeqCst) {
            self.watcher.writes.fetch_add(1, Ordering::SeqCst);
        }
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}

/// Every row of every table, as text.
pub async fn contents(store: &Store) -> Vec<(String, Vec<String>)> {
    let tables = match store.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        Dialect::Postgres => "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name",
    };
    let read = move |tx: &mut dyn Tx| {
        let dialect = tx.dialect();
        let tables = tx.query(tables, &[], |row| Ok(row.text(0)?.to_owned()))?;
        let mut contents = Vec::new();
        for table in tables {
            let sql = match dialect {
                Dialect::Postgres => format!("SELECT t::text FROM {table} t ORDER BY 1"),
                Dialect::Sqlite => {
                    let columns =
                        tx.query(&format!("SELECT name FROM pragma_table_info('{table}')"), &[], |row| Ok(row.text(0)?.to_owned()))?;
                    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
                    format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ',' || "))
                }
            };
            let rows = tx.query(&sql, &[], |row| Ok(row.text(0)?.to_owned()))?;
            contents.push((table, rows));
        }
        Ok::<_, StoreError>(contents)
    };
    store.read(read).await.expect("the store answers")
}
