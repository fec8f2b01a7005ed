//! One transaction a work: kept whole or not at all, seen by every later read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use baton_store::sql::{people, tasks};
use baton_store::{Dialect, StoreError};
use tokio::task::JoinSet;

use super::bed::{Bed, Kind, at, id};
use super::on_every_store;

on_every_store!(
    a_failed_work_leaves_nothing_and_harms_no_other,
    a_refusal_after_a_look_leaves_the_others_alone,
    a_panic_is_the_works_own_error,
    a_read_sees_every_answered_write,
    a_read_can_not_write,
    a_unique_constraint_is_told_by_name,
    parameters_must_count,
    too_much_at_once_is_refused,
    works_that_want_the_same_rows_all_succeed,
);

async fn a_failed_work_leaves_nothing_and_harms_no_other(bed: Bed) {
    let mut running = JoinSet::new();
    for number in 0..60 {
        let (bed, task) = (bed.clone(), bed.task());
        running.spawn(async move {
            let workspace = bed.workspace;
            let done = bed.write(move |tx| {
                tasks::insert(tx, workspace, &task, None, true, &[])?;
                if number % 3 == 0 { Err(StoreError::Sql(format!("refused {number}"))) } else { Ok(number) }
            });
            (number, done.await)
        });
    }
    while let Some(done) = running.join_next().await {
        let (number, done) = done.unwrap();
        let expected = if number % 3 == 0 { Err(StoreError::Sql(format!("refused {number}"))) } else { Ok(number) };
        assert_eq!(done, expected);
    }
    assert_eq!(bed.number("SELECT count(*) FROM tasks").await, 40);
}

async fn a_refusal_after_a_look_leaves_the_others_alone(bed: Bed) {
    let mut running = JoinSet::new();
    for number in 0..30 {
        let (bed, task) = (bed.clone(), bed.task());
        running.spawn(async move {
            let workspace = bed.workspace;
            bed.write(move |tx| {
                assert!(people::workspace(tx, workspace)?.is_some());
                if number % 2 == 0 {
                    return Err(StoreError::LeaseLost);
                }
                tasks::insert(tx, workspace, &task, None, true, &[])
            })
            .await
        });
    }
    let mut refused = 0;
    while let Some(done) = running.join_next().await {
        refused += usize::from(done.unwrap() == Err(StoreError::LeaseLost));
    }
    assert_eq!((refused, bed.number("SELECT count(*) FROM tasks").await), (15, 15));
}

async fn a_panic_is_the_works_own_error(bed: Bed) {
    let (workspace, task) = (bed.workspace, bed.task());
    let panicked: Result<(), StoreError> = bed
        .write(move |tx| {
            tasks::insert(tx, workspace, &task, None, true, &[])?;
            panic!("on purpose")
        })
        .await;
    assert_eq!(panicked, Err(StoreError::Sql("a fault in Baton: on purpose".to_owned())));
    let panicked: Result<(), StoreError> = bed.read(|_| panic!("on purpose")).await;
    assert!(panicked.is_err());
    bed.inserted().await;
    assert_eq!(bed.number("SELECT count(*) FROM tasks").await, 1);
}

async fn a_read_sees_every_answered_write(bed: Bed) {
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let bed = bed.clone();
        running.spawn(async move {
            for _ in 0..25 {
                let task = bed.inserted().await;
                assert_eq!(bed.loaded(task.id).await.map(|loaded| loaded.task), Some(task));
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

async fn a_read_can_not_write(bed: Bed) {
    let (workspace, task) = (bed.workspace, bed.task());
    let wrote = bed.read(move |tx| tasks::insert(tx, workspace, &task, None, true, &[])).await;
    assert!(wrote.is_err());
    let wrote = bed.read(|tx| tx.rows("DELETE FROM workflows RETURNING id", &[], &mut |_| Ok(()))).await;
    assert!(wrote.is_err());
    assert_eq!(bed.number("SELECT count(*) FROM workflows").await, 1);
}

async fn a_unique_constraint_is_told_by_name(bed: Bed) {
    let task = bed.task();
    bed.insert(&task, Some("A-1")).await;
    bed.write({
        let (workspace, task) = (bed.workspace, task.id);
        move |tx| people::set_collaborator(tx, workspace, id(2), task, id(4))
    })
    .await
    .unwrap();
    let cases: [(&'static str, &str); 5] = [
        ("INSERT INTO tasks SELECT * FROM tasks", "tasks_pkey"),
        (
            "INSERT INTO tasks (id, workspace_id, workflow_id, stage_id, active, version, unique_key, created_at, updated_at,
                created_by_kind, finished_sequence, performers, field_values)
            SELECT id + 1, workspace_id, workflow_id, stage_id, active, version, unique_key, created_at, updated_at,
                created_by_kind, finished_sequence, performers, field_values FROM tasks",
            "tasks_unique_key",
        ),
        ("INSERT INTO collaborators SELECT * FROM collaborators", "collaborators_pkey"),
        (
            "INSERT INTO workflows (id, workspace_id, name, name_key, revision, created_at, created_by_kind)
            SELECT id + 1, workspace_id, name, name_key, revision, created_at, created_by_kind FROM workflows",
            "workflows_name",
        ),
        ("INSERT INTO task_values SELECT workflow_id, field_id, sort_key, task_id, exact_key FROM task_values", "task_values_pkey"),
    ];
    for (sql, constraint) in cases {
        let done = bed.write(move |tx| tx.execute(sql, &[])).await;
        assert_eq!(done, Err(StoreError::Duplicate { constraint: constraint.to_owned() }), "{sql}");
    }
}

async fn parameters_must_count(bed: Bed) {
    let none = bed.read(|tx| tx.query_one("SELECT id FROM tasks WHERE id = $1", &[], |row| row.int(0))).await;
    assert!(matches!(none, Err(StoreError::Sql(_))), "{none:?}");
    if bed.store.dialect() == Dialect::Sqlite {
        let params = [id(1).into(), id(2).into()];
        let swapped = bed.write(move |tx| tx.execute("DELETE FROM tasks WHERE id = $2 AND workflow_id = $1", &params)).await;
        assert!(matches!(swapped, Err(StoreError::Sql(_))), "{swapped:?}");
    }
}

async fn too_much_at_once_is_refused(bed: Bed) {
    if bed.kind == Kind::Memory {
        // Everything runs on the caller's thread: there is no queue.
        return;
    }
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(parking(released));
    // As many as write, each held up in its work.
    let mut held = JoinSet::new();
    for _ in 0..2 {
        let (store, begun, released) = (bed.store.clone(), begun.clone(), released.clone());
        held.spawn(async move {
            store
                .write::<(), StoreError>(move |_| {
                    begun.send(()).unwrap();
                    released();
                    Ok(())
                })
                .await
        });
        has_begun.recv().unwrap();
        if bed.kind == Kind::Folder {
            break;
        }
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let mut waiting = JoinSet::new();
    for _ in 0..5000 {
        let (bed, refused) = (bed.clone(), refused.clone());
        waiting.spawn(async move {
            let done = bed.write(|_| Ok(())).await;
            if done == Err(StoreError::Overloaded) {
                refused.fetch_add(1, Ordering::Relaxed);
            } else {
                assert_eq!(done, Ok(()));
            }
        });
    }
    // The first answers can only be refusals, for nothing else moves.
    waiting.join_next().await.unwrap().unwrap();
    assert!(refused.load(Ordering::Relaxed) > 0);
    drop(release);
    while let Some(done) = waiting.join_next().await {
        done.unwrap();
    }
    assert!((1..5000).contains(&refused.load(Ordering::Relaxed)));
    bed.write(|_| Ok(())).await.unwrap();
}

/// Waits until the other end is dropped.
fn parking(end: mpsc::Receiver<()>) -> impl Fn() + Send + Sync {
    let end = std::sync::Mutex::new(end);
    move || assert!(end.lock().unwrap().recv().is_err())
}

/// Each work touches two tasks, in one order or the other, and reads before it writes: on PostgreSQL they meet.
async fn works_that_want_the_same_rows_all_succeed(bed: Bed) {
    let (one, other) = (bed.inserted().await.id, bed.inserted().await.id);
    let mut running = JoinSet::new();
    for number in 0..40 {
        let bed = bed.clone();
        let order = if number % 2 == 0 { [one, other] } else { [other, one] };
        running.spawn(async move {
            let (workspace, workflow) = (bed.workspace, bed.workflow);
            bed.write(move |tx| {
                for task in order {
                    let before = tasks::load(tx, workspace, workflow, task, true)?.unwrap().task;
                    let mut after = before.clone();
                    (after.version, after.updated_at) = (before.version + 1, at(before.version));
                    let update = tasks::Update {
                        before: &before,
                        task: &after,
                        unique_key: None,
                        active: true,
                        removed: &[],
                        added: &[],
                        finished_sequence: None,
                    };
                    tasks::update(tx, workspace, &update)?;
                }
                Ok(())
            })
            .await
        });
    }
    while let Some(done) = running.join_next().await {
        assert_eq!(done.unwrap(), Ok(()));
    }
    for task in [one, other] {
        assert_eq!(bed.loaded(task).await.unwrap().task.version, 41);
    }
}
