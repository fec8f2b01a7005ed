//! A backup holds all that a store does, and each kind of store can be made of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use baton_core::activity::Kind as Told;
use baton_core::words::Search;
use baton_store::backup::{Restored, restore};
use baton_store::sql::search::Sought;
use baton_store::sql::{agreements, jobs, task_counts};
use baton_store::{Dialect, Options, Place, Row, Store, StoreError, Tx};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::activity::{append, seal, verify};
use super::bed::{Bed, at, id};
use super::on_every_store;
use crate::postgres::Database;

on_every_store!(
    every_row_of_every_table_comes_back,
    a_store_of_many_pages_comes_back,
    what_is_made_from_tasks_is_made_anew,
    what_was_under_way_is_handed_back,
    a_history_that_was_not_sealed_goes_on,
    a_file_that_is_cut_off_or_changed_is_refused,
    a_newer_backup_is_refused,
    a_store_that_holds_anything_is_refused_and_left,
    a_restore_that_broke_off_is_no_store,
);

/// Where to restore into: a folder, and a database where there is one.
fn grounds() -> (TempDir, Vec<Options>) {
    let folder = TempDir::new().unwrap();
    let places = [Place::Folder(folder.path().join("data"))].into_iter().chain(Database::fresh().map(|database| Place::Url(database.url)));
    let options = places.map(|place| Options { readers: 1, writers: 1, ..Options::new(place) }).collect();
    (folder, options)
}

async fn back_up(store: &Store, path: &Path) {
    store.back_up(at(7_000), File::create(path).unwrap(), |_| {}).await.unwrap();
}

/// Off the threads of the test, for it waits for PostgreSQL itself.
async fn try_restore(options: &Options, path: &Path) -> Result<Restored, StoreError> {
    let (options, path) = (options.clone(), path.to_owned());
    tokio::task::spawn_blocking(move || restore(&options, &path, &mut |_| {})).await.unwrap()
}

async fn open(options: &Options) -> Result<Store, StoreError> {
    let options = options.clone();
    tokio::task::spawn_blocking(move || Store::open(options)).await.unwrap()
}

async fn refusal(options: &Options, path: &Path) -> String {
    try_restore(options, path).await.unwrap_err().to_string()
}

/// The lines between the first, which says when it was made, and the last, which is their checksum.
fn lines(path: &Path) -> Vec<String> {
    let text = unpacked(File::open(path).unwrap()).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[1..lines.len() - 1].to_vec()
}

fn unpacked(packed: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    MultiGzDecoder::new(packed).read_to_string(&mut text)?;
    Ok(text)
}

fn scratch() -> (TempDir, impl Fn(&str) -> PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name))
}

struct Column {
    table: String,
    name: String,
    kind: String,
}

/// The columns of every table that a backup holds or leaves out, as the migrations make them; not of those that are made from tasks.
async fn columns() -> Vec<Column> {
    let store = Store::open(Options::new(Place::Memory)).unwrap();
    let sql = "SELECT t.name, c.name, c.type FROM pragma_table_list t, pragma_table_info(t.name) c
        WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%'
            AND t.name NOT IN ('schema_migrations', 'search_queue', 'task_counts', 'task_count_changes') ORDER BY 1, c.cid";
    let read = |row: &dyn Row| Ok(Column { table: row.text(0)?.to_owned(), name: row.text(1)?.to_owned(), kind: row.text(2)?.to_owned() });
    store.read(move |tx: &mut dyn Tx| tx.query(sql, &[], read)).await.unwrap()
}

/// Two rows for each table, with what is awkward in it. What says who runs a job, which a restore changes, is left blank.
async fn fill_every_table(bed: &Bed) -> usize {
    let (columns, postgres) = (columns().await, bed.store.dialect() == Dialect::Postgres);
    let tables: Vec<&[Column]> = columns.chunk_by(|one, other| one.table == other.table).collect();
    for (place, table) in tables.iter().enumerate() {
        let names: Vec<&str> = table.iter().map(|column| column.name.as_str()).collect();
        for row in 0..2 {
            let values: Vec<String> =
                table.iter().enumerate().map(|(number, column)| value(column, place, number, row, postgres)).collect();
            let sql = format!("INSERT INTO {} ({}) VALUES ({})", table[0].table, names.join(", "), values.join(", "));
            bed.write(move |tx| tx.rows(&sql, &[], &mut |_| Ok(()))).await.unwrap();
        }
    }
    tables.len()
}

fn value(column: &Column, place: usize, number: usize, row: usize, postgres: bool) -> String {
    let far = if row == 0 { i64::MAX } else { i64::MIN + 1 };
    match (&*column.table, &*column.name, &*column.kind) {
        ("jobs", "node_id" | "boot", _) => "NULL".to_owned(),
        ("agreements", "name", _) => format!("'agreement {row}'"),
        ("activity", "sequence", _) => (row + 1).to_string(),
        (_, _, "INTEGER") if number == 2 => far.to_string(),
        (_, _, "INTEGER") => (900_000 + 1000 * place + 10 * number + row).to_string(),
        (_, _, "BLOB") if postgres => format!("'\\x{place:02x}{number:02x}ff0{row}'"),
        (_, _, "BLOB") => format!("X'{place:02x}{number:02x}ff0{row}'"),
        _ => format!("'{row} {place}.{number} it''s \"quoted\" \\ \u{1f989} \u{e9}\u{301}\n\t,[{{}}]'"),
    }
}

async fn every_row_of_every_table_comes_back(bed: Bed) {
    let tables = fill_every_table(&bed).await;
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let all = lines(&file("first"));
    assert_eq!(all.iter().filter(|line| line.starts_with('{')).count(), tables - 1, "all but who runs executions now");
    let (_folder, grounds) = grounds();
    for (number, ground) in grounds.iter().enumerate() {
        let restored = try_restore(ground, &file("first")).await.unwrap();
        assert_eq!((restored.rows, restored.origin.made_at), (all.len() as u64 - tables as u64 + 1, at(7_000)));
        let store = open(ground).await.unwrap();
        let second = file(&number.to_string());
        back_up(&store, &second).await;
        assert_eq!(lines(&second), all, "{:?}", ground.place);
    }
}

async fn a_store_of_many_pages_comes_back(bed: Bed) {
    for number in 0..600 {
        let sql = format!(
            "INSERT INTO checklist_items (task_id, item_id, workspace_id, status, title) VALUES ({}, {number}, 1, 'open', 'Feed')",
            number % 7
        );
        bed.write(move |tx| tx.rows(&sql, &[], &mut |_| Ok(()))).await.unwrap();
    }
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    assert_eq!(lines(&file("first")).iter().filter(|line| line.contains("Feed")).count(), 600);
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        try_restore(ground, &file("first")).await.unwrap();
        let store = open(ground).await.unwrap();
        let sql = "SELECT count(*) FROM checklist_items";
        assert_eq!(store.read(move |tx: &mut dyn Tx| tx.query_one(sql, &[], |row| row.int(0))).await, Ok(Some(600)));
    }
}

async fn what_is_made_from_tasks_is_made_anew(bed: Bed) {
    let (first, second) = (bed.inserted().await.id, bed.inserted().await.id);
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        try_restore(ground, &file("first")).await.unwrap();
        let store = open(ground).await.unwrap();
        let workflow = bed.workflow;
        let counts = store.read(move |tx: &mut dyn Tx| task_counts::of_workflow(tx, workflow)).await;
        assert_eq!(counts, Ok(vec![(bed.stage, None, 2)]));
        let search = Search::read("hedwig").unwrap();
        let found = store.read(move |tx: &mut dyn Tx| Sought::of(tx, workflow, &search)?.candidates(tx, None, 9)).await.unwrap();
        assert_eq!(found.tasks, [second, first]);
    }
}

async fn what_was_under_way_is_handed_back(bed: Bed) {
    let task = bed.inserted().await.id;
    let held = jobs::Claim { node: id(40), boot: 3, epoch: 1 };
    let accepted = bed.accept(task, 2, Some(held)).await;
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        assert_eq!(try_restore(ground, &file("first")).await.unwrap().handed_back, 1);
        let store = open(ground).await.unwrap();
        let claim = |tx: &mut dyn Tx| {
            jobs::claim(tx, id(41), 1, at(9_000_000_000_000_000), &jobs::Room { workers: 9, calls: 0, calls_of: &|_| 0, imports: 0 })
        };
        let claimed = store.write::<_, StoreError>(claim).await.unwrap().jobs;
        assert_eq!(claimed.iter().map(|job| (job.id, job.starts)).collect::<Vec<_>>(), [(accepted[0].id, 1)]);
        assert!(claimed[0].claim.is_some_and(|claim| claim.epoch > held.epoch));
    }
}

async fn a_history_that_was_not_sealed_goes_on(bed: Bed) {
    append(&bed, &[bed.activity(Told::TaskCreated, Some(bed.fresh()), 1)]).await;
    seal(&bed).await;
    append(&bed, &[bed.activity(Told::TaskUpdated, Some(bed.fresh()), 1), bed.activity(Told::TaskUpdated, Some(bed.fresh()), 1)]).await;
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        try_restore(ground, &file("first")).await.unwrap();
        let restored = bed.on(open(ground).await.unwrap());
        seal(&restored).await;
        append(&restored, &[bed.activity(Told::TaskUpdated, Some(bed.fresh()), 1)]).await;
        seal(&restored).await;
        let found = verify(&restored).await;
        assert_eq!((found.sealed, found.faults), (4, vec![]));
    }
}

async fn a_file_that_is_cut_off_or_changed_is_refused(bed: Bed) {
    bed.inserted().await;
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("whole")).await;
    let whole = std::fs::read(file("whole")).unwrap();
    let (_folder, grounds) = grounds();
    let broken = file("broken");
    for ground in &grounds {
        for cut in (0..whole.len()).step_by(whole.len() / 40) {
            std::fs::write(&broken, &whole[..cut]).unwrap();
            let told = refusal(ground, &broken).await;
            assert!(told.contains("damaged or cut off") || told.contains("is no backup of Baton"), "{cut}: {told}");
        }
        // A gzip's head says nothing of what is in it.
        for place in (10..whole.len()).step_by(7) {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            // Some bits only fill up a byte.
            if unpacked(&changed[..]).is_ok_and(|text| unpacked(&whole[..]).is_ok_and(|whole| whole == text)) {
                continue;
            }
            std::fs::write(&broken, changed).unwrap();
            let told = refusal(ground, &broken).await;
            assert!(told.contains("damaged or cut off") || told.contains("is no backup of Baton"), "{place}: {told}");
        }
        std::fs::write(&broken, [&whole[..], b"x"].concat()).unwrap();
        assert!(refusal(ground, &broken).await.contains("it goes on behind its end"));
        // Nothing was begun by all this.
        if let Place::Folder(folder) = &ground.place {
            assert!(!folder.exists());
        }
        try_restore(ground, &file("whole")).await.unwrap();
    }
}

/// The same file with one line changed.
fn rewritten(from: &Path, to: &Path, change: impl Fn(&str) -> String) {
    let text = unpacked(File::open(from).unwrap()).unwrap();
    let mut out = GzEncoder::new(File::create(to).unwrap(), Compression::fast());
    out.write_all(change(&text).as_bytes()).unwrap();
    out.finish().unwrap();
}

async fn a_newer_backup_is_refused(bed: Bed) {
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let newest = bed.number("SELECT max(version) FROM schema_migrations").await;
    let (_folder, grounds) = grounds();
    for (from, to, told) in [
        (
            format!("\"schema\":{newest}"),
            "\"schema\":99".to_owned(),
            format!("has schema 99, written by a newer version of Baton; this one knows up to {newest}"),
        ),
        ("\"format\":1".to_owned(), "\"format\":2".to_owned(), "has format 2, written by Baton ".to_owned()),
        ("Hogwarts".to_owned(), "Durmstrang".to_owned(), "its checksum is another".to_owned()),
    ] {
        rewritten(&file("first"), &file("other"), |text| text.replacen(&from, &to, 1));
        for ground in &grounds {
            let refused = refusal(ground, &file("other")).await;
            assert!(refused.contains(&told), "{refused}");
        }
    }
    bed.tamper("INSERT INTO schema_migrations (version, name) VALUES (99, 'later')").await;
    let refused = bed.store.back_up(at(7_000), std::io::sink(), |_| {}).await;
    assert_eq!(refused, Err(StoreError::Newer { version: 99, newest }));
}

async fn a_store_that_holds_anything_is_refused_and_left(bed: Bed) {
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        // One that was opened, but never used, is as good as none.
        drop(open(ground).await.unwrap());
        try_restore(ground, &file("first")).await.unwrap();
        let told = refusal(ground, &file("first")).await;
        assert!(told.contains("the store is not empty, it has definitions: "), "{told}");
        assert!(open(ground).await.is_ok(), "it can be used as before");
    }
    let (_folder, grounds) = self::grounds();
    for ground in &grounds {
        let store = open(ground).await.unwrap();
        store.write(|tx: &mut dyn Tx| agreements::agree(tx, "what", "that")).await.unwrap();
        drop(store);
        assert!(refusal(ground, &file("first")).await.contains("it has agreements: "));
    }
}

async fn a_restore_that_broke_off_is_no_store(bed: Bed) {
    let (_scratch, file) = scratch();
    back_up(&bed.store, &file("first")).await;
    let (_folder, grounds) = grounds();
    for ground in &grounds {
        let store = open(ground).await.unwrap();
        store.write(|tx: &mut dyn Tx| tx.execute("CREATE TABLE unfinished_restore (since BIGINT)", &[])).await.unwrap();
        drop(store);
        let told = open(ground).await.err().map(|error| error.to_string());
        assert_eq!(told.as_deref(), Some("a restore into this store was begun and not finished: run `baton restore FILE` again"));
        let looked = open(&Options { migrate: false, ..ground.clone() }).await;
        assert!(looked.is_err(), "no backup is made of it either");
        try_restore(ground, &file("first")).await.unwrap();
        assert!(open(ground).await.is_ok());
    }
}
