//! What only PostgreSQL has: connections that break, several nodes, races between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_store::sql::{nodes, tasks};
use baton_store::{Options, Place, Store, StoreError};
use tokio::task::JoinSet;

use super::bed::{Bed, Kind, id, run};
use crate::postgres::Database;

#[test]
fn killed_connections_are_made_again() {
    run(Kind::Postgres, async |bed| {
        for _ in 0..5 {
            let before = bed.inserted().await;
            bed.place.database().kill_sessions();
            assert_eq!(bed.loaded(before.id).await.map(|loaded| loaded.task), Some(before));
            bed.place.database().kill_sessions();
            bed.inserted().await;
        }
        assert_eq!(bed.number("SELECT count(*) FROM tasks").await, 10);
    });
}

/// Work goes on while connections are killed under it; what was answered as done is there, and what was not is not, save
/// where the answer says that it can't be known.
#[test]
fn work_under_killed_connections_is_answered_truly() {
    run(Kind::Postgres, async |bed| {
        let mut running = JoinSet::new();
        for _ in 0..8 {
            let bed = bed.clone();
            running.spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..40 {
                    let (workspace, task) = (bed.workspace, bed.task());
                    let id = task.id;
                    answers.push((id, bed.write(move |tx| tasks::insert(tx, workspace, &task, None, true, &[])).await));
                }
                answers
            });
        }
        let killer = bed.clone();
        let kills = tokio::task::spawn_blocking(move || (0..20).for_each(|_| killer.place.database().kill_sessions()));
        let mut answers = Vec::new();
        while let Some(more) = running.join_next().await {
            answers.extend(more.unwrap());
        }
        kills.await.unwrap();
        for (task, answer) in answers {
            let there = bed.loaded(task).await.is_some();
            match answer {
                Ok(()) => assert!(there, "{task} was answered"),
                Err(StoreError::OutcomeUnknown(_)) => {}
                Err(StoreError::Unavailable(_)) => assert!(!there, "{task} was refused"),
                // Run again after its first commit's outcome was unknown it would be here; it is not run again.
                Err(other) => panic!("{other}"),
            }
        }
    });
}

/// One long transaction may keep every thread waiting; a node that then loses its lease has its calls made again by others.
#[test]
fn the_lease_waits_for_no_other_work() {
    run(Kind::Postgres, async |bed| {
        let held = bed.place.database().hold("BEGIN; LOCK TABLE unique_numbers IN ACCESS EXCLUSIVE MODE");
        let mut waiting = JoinSet::new();
        for _ in 0..2 * bed.place.options().writers {
            let store = bed.store.clone();
            waiting.spawn(async move { store.write_own::<i64, StoreError>(|tx| tasks::next_unique_numbers(tx, id(9), 1)).await });
        }
        let renewed: Result<i64, StoreError> =
            bed.store.write_lease(|tx| nodes::start(tx, id(1), Timestamp::from_micros(1), Duration::from_secs(10))).await;
        assert!(renewed.is_ok(), "{renewed:?}");
        assert!(waiting.try_join_next().is_none(), "they wait for the lock");
        drop(held);
        while let Some(done) = waiting.join_next().await {
            assert!(done.unwrap().is_ok());
        }
    });
}

/// The database dies of the commit itself: nobody can know, and nobody is told otherwise.
#[test]
fn a_connection_lost_in_the_commit_is_an_unknown_outcome() {
    run(Kind::Postgres, async |bed| {
        bed.place.database().execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM count(*) FROM generate_series(1, 1000000); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER die AFTER INSERT ON unique_numbers DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die()",
        );
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let done = bed.write(move |tx| {
            counted.fetch_add(1, Ordering::Relaxed);
            tasks::next_unique_numbers(tx, id(9), 1)
        });
        assert!(matches!(done.await, Err(StoreError::OutcomeUnknown(_))));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        bed.inserted().await;
    });
}

#[test]
fn a_work_that_goes_on_after_a_failed_statement_is_not_done() {
    run(Kind::Postgres, async |bed| {
        let (workspace, task, other) = (bed.workspace, bed.inserted().await, bed.task());
        let done = bed.write(move |tx| {
            drop(tasks::insert(tx, workspace, &task, None, true, &[]));
            drop(tasks::insert(tx, workspace, &other, None, true, &[]));
            Ok(())
        });
        assert_eq!(done.await, Err(StoreError::Duplicate { constraint: "tasks_pkey".to_owned() }));
        assert_eq!(bed.number("SELECT count(*) FROM tasks").await, 1);
    });
}

/// Looks first and then inserts what it did not see: who loses the race looks again and sees it.
#[test]
fn a_lost_race_for_a_unique_id_is_run_again() {
    run(Kind::Postgres, async |bed| {
        let other_node = Store::open(bed.place.options()).unwrap();
        for round in 0..20 {
            let mut running = JoinSet::new();
            for store in [&bed.store, &other_node, &bed.store, &other_node] {
                let (store, workspace, workflow, task) = (store.clone(), bed.workspace, bed.workflow, bed.task());
                running.spawn(async move {
                    let text = format!("A-{round}");
                    store
                        .write::<bool, StoreError>(move |tx| match tasks::id_of_unique(tx, workflow, &text)? {
                            Some(_) => Ok(false),
                            None => tasks::insert(tx, workspace, &task, Some(&text), true, &[]).map(|()| true),
                        })
                        .await
                });
            }
            let mut won = 0;
            while let Some(done) = running.join_next().await {
                won += usize::from(done.unwrap().unwrap());
            }
            assert_eq!(won, 1);
        }
    });
}

#[test]
fn several_nodes_may_start_at_once_on_an_empty_database() {
    let Some(database) = Database::fresh() else { return };
    let open = || Store::open(Options { readers: 1, writers: 1, ..Options::new(Place::Url(database.url.clone())) }).map(drop);
    std::thread::scope(|scope| {
        let starting: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
        for started in starting {
            assert_eq!(started.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let Some(bed) = Bed::make(Kind::Postgres) else { return };
    bed.place.database().execute("INSERT INTO schema_migrations (version, name) VALUES (999, 'later')");
    let newer = Store::open(bed.place.options()).map(drop);
    assert!(matches!(newer, Err(StoreError::Newer { version: 999, .. })), "{newer:?}");
}

#[test]
fn a_database_that_is_not_there_is_told_as_such() {
    let Some(database) = Database::fresh() else { return };
    let url = database.url.replace(&database.name, "nowhere");
    for url in [url, "postgres://baton@127.0.0.1:1/db".to_owned()] {
        let opened = Store::open(Options::new(Place::Url(url.clone()))).map(drop);
        assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{url}: {opened:?}");
    }
}
