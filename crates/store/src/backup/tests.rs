use std::path::Path;

use baton_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::restore;
use crate::migrate::{self, VERSION, VERSION_TABLE};
use crate::{Dialect, Options, Place, Store, StoreError, Tx};

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
