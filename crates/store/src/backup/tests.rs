use std::path::Path;

use baton_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::copy::PAGE_BYTES;
use super::{copy, restore};
use crate::migrate::{self, VERSION, VERSION_TABLE};
use crate::{Dialect, Options, Param, Place, Row, Store, StoreError, Tx};

/// Before it no backup could be made.
const OLDEST: i64 = 4;

fn options(folder: &Path) -> Options {
    Options { migrate: false, ..Options::new(Place::Folder(folder.to_owned())) }
}

/// A store as a version of Baton left it that knew the schema up to `version`.
fn store_at(version: i64) -> TempDir {
    let folder = TempDir::new().unwrap();
    let connection = Connection::open(folder.path().join("baton.db")).unwrap();
    connection.execute_batch(VERSION_TABLE).unwrap();
    for migration in migrate::pending(0).unwrap().iter().take_while(|migration| migration.version <= version) {
        connection.execute_batch(&migration.script(Dialect::Sqlite)).unwrap();
    }
    let row = "INSERT INTO workspaces (id, name, time_zone, version, created_at) VALUES (7, 'Hogwarts', 'Europe/London', 1, 2)";
    connection.execute(row, []).unwrap();
    folder
}

async fn number(store: &Store, sql: &'static str) -> i64 {
    store.read::<_, StoreError>(move |tx: &mut dyn Tx| tx.query_one(sql, &[], |row| row.int(0))).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_backup_of_every_older_schema_is_brought_up_to_date() {
    let newest = migrate::pending(0).unwrap().len() as i64;
    for version in OLDEST..=newest {
        let old = store_at(version);
        let file = old.path().join("backup.gz");
        let store = Store::open(options(old.path())).unwrap();
        let copied = store.back_up(Timestamp::from_micros(0), std::fs::File::create(&file).unwrap(), |_| {}).await.unwrap();
        assert_eq!((copied.schema, copied.rows), (version, 1));
        assert_eq!(number(&store, VERSION).await, version, "it is left as it is");
        drop(store);

        // One that is empty may be of any version.
        let new = store_at(newest);
        Connection::open(new.path().join("baton.db")).unwrap().execute("DELETE FROM workspaces", []).unwrap();
        assert_eq!(restore(&options(new.path()), &file, &mut |_| {}).unwrap().rows, 1);
        let store = Store::open(options(new.path())).unwrap();
        assert_eq!((number(&store, VERSION).await, number(&store, "SELECT id FROM workspaces").await), (newest, 7));
    }
}

#[test]
fn what_is_no_store_is_not_copied_as_an_empty_one() {
    let folder = TempDir::new().unwrap();
    let told = Store::open(options(folder.path())).err().map(|error| error.to_string());
    assert_eq!(told.as_deref(), Some("there is no data of Baton in this database"));
}

/// Remembers the most that one statement has answered with, which PostgreSQL would hold in memory.
struct Weighed<'a> {
    tx: &'a mut dyn Tx,
    bytes_max: usize,
}

impl Tx for Weighed<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let has_content = sql.starts_with("SELECT import_id, number, content, ");
        let mut bytes = 0;
        self.tx.rows(sql, params, &mut |row| {
            bytes += if has_content { row.text(2)?.len() } else { 0 };
            each(row)
        })?;
        self.bytes_max = self.bytes_max.max(bytes);
        Ok(())
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}

#[tokio::test]
async fn large_rows_are_read_few_at_a_time() {
    const KIB: i64 = 1 << 10;
    let store = Store::open(Options::new(Place::Memory)).unwrap();
    // Over three pages, and one that is larger than what is read at once.
    let sizes: Vec<i64> = (0..600)
        .map(|number| {
            if number == 300 {
                1_100 * KIB
            } else if number % 60 < 2 {
                300 * KIB
            } else {
                2
            }
        })
        .collect();
    let rows = sizes.len() as u64;
    let insert = "INSERT INTO import_pieces (import_id, number, content) VALUES ($1, $2, hex(zeroblob($3)))";
    let fill = move |tx: &mut dyn Tx| {
        let row = |(number, size): (i64, &i64)| tx.execute(insert, &[1.into(), number.into(), (size / 2).into()]).map(drop);
        (1..).zip(&sizes).try_for_each(row)
    };
    store.write::<_, StoreError>(fill).await.unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("backup.gz");
    let out = std::fs::File::create(&file).unwrap();
    let copied = store.read::<_, StoreError>(move |tx: &mut dyn Tx| {
        let mut tx = Weighed { tx, bytes_max: 0 };
        let copied = copy(&mut tx, Timestamp::from_micros(0), out, &mut |_| {})?;
        Ok((copied.rows, tx.bytes_max as i64))
    });
    let (copied, bytes_max) = copied.await.unwrap();
    assert_eq!(copied, rows);
    assert!((PAGE_BYTES as i64) < 1_100 * KIB);
    assert_eq!(bytes_max, 1_100 * KIB, "it comes alone");
    assert_eq!(restore(&options(&folder.path().join("new")), &file, &mut |_| {}).unwrap().rows, rows);
}
