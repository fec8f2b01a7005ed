//! What only a data folder has: a lock, a disk that fills up, a file that outlives the process.

use baton_store::sql::tasks;
use baton_store::{Options, Place, Store, StoreError};
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::bed::{Bed, Held, Kind, id, run};

fn folder(bed: &Bed) -> std::path::PathBuf {
    let Held::Folder(folder) = &*bed.place else { panic!("this test is the folder's") };
    folder.path().join("data")
}

#[test]
fn a_second_opener_is_refused_and_told_who_has_it() {
    run(Kind::Folder, async |bed| {
        let second = Store::open(bed.place.options()).map(drop);
        let expected =
            format!("another baton (pid {}) uses {}: stop it, or use another folder", std::process::id(), folder(&bed).display());
        assert_eq!(second, Err(StoreError::InUse(expected)));
    });
}

#[test]
fn what_was_answered_is_there_after_a_restart() {
    run(Kind::Folder, async |bed| {
        let task = bed.inserted().await;
        let (place, workspace, workflow) = (bed.place.clone(), bed.workspace, bed.workflow);
        drop(bed);
        let store = Store::open(place.options()).unwrap();
        let found = store.read(move |tx| tasks::load(tx, workspace, workflow, task.id, false)).await.unwrap();
        assert_eq!(found.unwrap().task, task);
    });
}

#[test]
fn a_folder_of_a_newer_version_is_refused() {
    run(Kind::Folder, async |bed| {
        bed.tamper("INSERT INTO schema_migrations (version, name) VALUES (999, 'later')").await;
        let place = bed.place.clone();
        drop(bed);
        let newer = Store::open(place.options()).map(drop);
        assert!(matches!(newer, Err(StoreError::Newer { version: 999, .. })), "{newer:?}");
    });
}

#[test]
fn a_place_that_can_not_be_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir(folder.path().join("other")).unwrap();
    std::fs::write(folder.path().join("other/baton.db"), "this is no database, but it is long enough to be looked at").unwrap();
    for place in ["file", "file/below", "other"] {
        let path = folder.path().join(place);
        let opened = Store::open(Options::new(Place::Folder(path.clone()))).map(drop);
        let Err(StoreError::Refused(message)) = opened else { panic!("{opened:?}") };
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
}

/// Under a lasting load, with readers about, the WAL is moved into the database again and again.
#[test]
fn the_wal_stays_small_under_load() {
    run(Kind::Folder, async |bed| {
        let mut running = JoinSet::new();
        for _ in 0..16 {
            let bed = bed.clone();
            running.spawn(async move {
                for _ in 0..60 {
                    let mut task = bed.task();
                    task.values = [(id(10), baton_core::value::Value::Text("x".repeat(100_000)))].into();
                    let (workspace, written) = (bed.workspace, task.clone());
                    bed.write(move |tx| tasks::insert(tx, workspace, &written, None, true, &[])).await.unwrap();
                    assert!(bed.loaded(task.id).await.is_some());
                }
            });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        let size = |name: &str| std::fs::metadata(folder(&bed).join(name)).unwrap().len();
        let (database, wal) = (size("baton.db"), size("baton.db-wal"));
        assert!(database > 48 << 20 && wal < 80 << 20, "{database} bytes in the database, {wal} in the WAL");
    });
}

/// A full disk: nothing is answered that is not there, nothing half-written is there, and with room again it goes on.
#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    run(Kind::Folder, async |bed| {
        let place = bed.place.clone();
        let pages: u32 =
            Connection::open(folder(&bed).join("baton.db")).unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let (workspace, template) = (bed.workspace, bed.task());
        drop(bed);
        let store = Store::open(Options { page_count_max: Some(pages + 40), ..place.options() }).unwrap();

        let mut running = JoinSet::new();
        for number in 0..300 {
            let (store, mut task) = (store.clone(), template.clone());
            task.id = id(10_000 + number);
            let text = "x".repeat(3000);
            task.values = [(id(10), baton_core::value::Value::Text(text))].into();
            running.spawn(async move {
                // Two rows that must both be there or neither.
                let done: Result<(), StoreError> = store
                    .write(move |tx| {
                        tasks::insert(tx, workspace, &task, None, true, &[])?;
                        tasks::next_unique_numbers(tx, task.id, 1).map(drop)
                    })
                    .await;
                (id(10_000 + number), done)
            });
        }
        let (mut kept, mut refused) = (Vec::new(), 0);
        while let Some(done) = running.join_next().await {
            match done.unwrap() {
                (task, Ok(())) => kept.push(task),
                (_, Err(StoreError::Full(_))) => refused += 1,
                (_, Err(other)) => panic!("{other}"),
            }
        }
        assert!(kept.len() > 5 && refused > 5, "{} kept, {refused} refused", kept.len());
        kept.sort();
        check(&store, &kept).await;
        drop(store);

        let store = Store::open(place.options()).unwrap();
        check(&store, &kept).await;
        let mut task = template.clone();
        task.id = id(20_000);
        store.write::<(), StoreError>(move |tx| tasks::insert(tx, workspace, &task, None, true, &[])).await.unwrap();
    });
}

/// Exactly these tasks, each with its other row.
async fn check(store: &Store, kept: &[baton_core::ids::Id]) {
    let ids = |sql: &'static str| store.read::<Vec<i64>, StoreError>(move |tx| tx.query(sql, &[], |row| row.int(0)));
    let expected: Vec<i64> = kept.iter().map(|id| id.as_i64()).collect();
    assert_eq!(ids("SELECT id FROM tasks ORDER BY id").await.unwrap(), expected);
    assert_eq!(ids("SELECT workflow_id FROM unique_numbers ORDER BY workflow_id").await.unwrap(), expected);
}

/// Callers are told to come back when too many wait; the node that would otherwise lose its lease is not, and goes first.
#[test]
fn a_full_queue_does_not_keep_the_nodes_own_work_out() {
    run(Kind::Folder, async |bed| {
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (store, mut running) = (bed.store.clone(), JoinSet::new());
        running.spawn(async move {
            let blocked = store.write::<(), StoreError>(move |_| {
                begun.send(()).unwrap();
                gate.recv().unwrap();
                Ok(())
            });
            blocked.await.unwrap();
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let noted = |name: &'static str| {
            let order = order.clone();
            move |_: &mut dyn baton_store::Tx| {
                order.lock().unwrap().push(name);
                Ok::<_, StoreError>(())
            }
        };
        let mut callers = Vec::new();
        loop {
            let mut caller = Box::pin(bed.store.write(noted("caller")));
            match std::future::poll_fn(|context| std::task::Poll::Ready(caller.as_mut().poll(context))).await {
                std::task::Poll::Pending => callers.push(caller),
                std::task::Poll::Ready(done) => {
                    assert_eq!(done, Err(StoreError::Overloaded));
                    break;
                }
            }
        }
        let mut own = Box::pin(bed.store.write_own(noted("own")));
        let asked = std::future::poll_fn(|context| std::task::Poll::Ready(own.as_mut().poll(context))).await;
        assert!(asked.is_pending(), "{asked:?}");
        open.send(()).unwrap();
        assert_eq!(own.await, Ok(()));
        for caller in callers {
            assert_eq!(caller.await, Ok(()));
        }
        assert_eq!(order.lock().unwrap()[0], "own");
        running.join_all().await;
    });
}
