//! Kept counts: always what counting would find, whatever was done, undone, folded, or happens at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_store::sql::deleted_workflows::{self, DeletedWorkflow};
use baton_store::sql::{task_counts, tasks};
use baton_store::{Store, StoreError, Tx};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::bed::{Bed, Kind, at, id, run};
use super::on_every_store;

on_every_store!(whatever_is_done_the_counts_are_right, counts_of_a_cleared_workflow_go, tasks_that_move_at_once_are_counted_once);

const STAGES: i64 = 3;
const USERS: i64 = 2;

/// By stage and assignee.
type Counts = Vec<(Id, Option<Id>, i64)>;

#[derive(Clone, Debug)]
enum Deed {
    Create(Place),
    Move {
        task: prop::sample::Index,
        to: Place,
    },
    Delete(prop::sample::Index),
    /// All of this in one work that fails at its end.
    Undone(Vec<Deed>),
    Fold(i64),
}

#[derive(Clone, Copy, Debug)]
struct Place {
    stage: i64,
    assignee: Option<i64>,
}

fn place() -> impl Strategy<Value = Place> {
    (0..STAGES, prop::option::of(0..USERS)).prop_map(|(stage, assignee)| Place { stage, assignee })
}

fn deed() -> impl Strategy<Value = Deed> {
    let leaf = prop_oneof![
        3 => place().prop_map(Deed::Create),
        5 => (any::<prop::sample::Index>(), place()).prop_map(|(task, to)| Deed::Move { task, to }),
        2 => any::<prop::sample::Index>().prop_map(Deed::Delete),
    ];
    let undone = prop::collection::vec(leaf.clone(), 1..4).prop_map(Deed::Undone);
    prop_oneof![8 => leaf, 1 => undone, 1 => (1..20i64).prop_map(Deed::Fold)]
}

async fn whatever_is_done_the_counts_are_right(bed: Bed) {
    let cases = if bed.kind == Kind::Memory { 64 } else { 12 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let done = runner.run(&prop::collection::vec(deed(), 1..25), |deeds| {
        tokio::task::block_in_place(|| Handle::current().block_on(try_all(&bed, &deeds)))
    });
    done.unwrap();
}

async fn try_all(bed: &Bed, deeds: &[Deed]) -> Result<(), TestCaseError> {
    for deed in deeds {
        let (of, deed) = (bed.clone(), deed.clone());
        let done = bed.write(move |tx| carry_out(&of, tx, &deed)).await;
        prop_assert!(matches!(done, Ok(()) | Err(StoreError::LeaseLost)), "{:?}", done);
        let (kept, counted) = both(bed).await;
        prop_assert_eq!(kept, counted);
    }
    let workflow = bed.workflow;
    let counted = both(bed).await.1;
    for user in 0..USERS {
        let kept = bed.read(move |tx| task_counts::of_assignee(tx, workflow, id(user))).await.unwrap();
        let of_user = counted.iter().filter(|(_, assignee, _)| *assignee == Some(id(user)));
        prop_assert_eq!(kept, of_user.map(|(stage, _, tasks)| (*stage, *tasks)).collect::<Vec<_>>());
    }
    for stage in 0..STAGES {
        let kept = bed.read(move |tx| task_counts::in_stage(tx, workflow, id(stage))).await.unwrap();
        prop_assert_eq!(kept, counted.iter().filter(|(of, _, _)| *of == id(stage)).map(|(_, _, tasks)| tasks).sum::<i64>());
    }
    Ok(())
}

fn carry_out(bed: &Bed, tx: &mut dyn Tx, deed: &Deed) -> Result<(), StoreError> {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    let existing = tx.query("SELECT id FROM tasks ORDER BY id", &[], |row| Ok(id(row.int(0)?)))?;
    let chosen = |index: &prop::sample::Index| (!existing.is_empty()).then(|| *index.get(&existing));
    match deed {
        Deed::Create(place) => tasks::insert(tx, workspace, &moved(bed.task(), *place), None, true, &[]),
        Deed::Move { task, to } => {
            let Some(task) = chosen(task) else { return Ok(()) };
            let before = tasks::load(tx, workspace, workflow, task, true)?.unwrap().task;
            change(tx, workspace, &before, &moved(before.clone(), *to))
        }
        Deed::Delete(task) => {
            let Some(task) = chosen(task) else { return Ok(()) };
            tasks::delete(tx, workspace, workflow, task).map(drop)
        }
        Deed::Undone(deeds) => {
            deeds.iter().try_for_each(|deed| carry_out(bed, tx, deed))?;
            Err(StoreError::LeaseLost)
        }
        Deed::Fold(limit) => task_counts::fold(tx, *limit).map(drop),
    }
}

fn moved(task: Task, to: Place) -> Task {
    Task { stage: id(to.stage), assignee: to.assignee.map(id), version: task.version + 1, updated_at: at(task.version), ..task }
}

fn change(tx: &mut dyn Tx, workspace: Id, before: &Task, task: &Task) -> Result<(), StoreError> {
    let update = tasks::Update { before, task, unique_key: None, active: true, removed: &[], added: &[], finished_sequence: None };
    tasks::update(tx, workspace, &update)
}

/// As they are kept, and as they are counted.
async fn both(bed: &Bed) -> (Counts, Counts) {
    let workflow = bed.workflow;
    bed.read(move |tx| {
        let sql = "SELECT stage_id, assignee_id, count(*) FROM tasks WHERE workflow_id = $1 GROUP BY stage_id, assignee_id";
        let mut counted = BTreeMap::new();
        tx.rows(sql, &[workflow.into()], &mut |row| {
            counted.insert((id(row.int(0)?), row.opt_int(1)?.map(id)), row.int(2)?);
            Ok(())
        })?;
        let counted = counted.into_iter().map(|((stage, assignee), tasks)| (stage, assignee, tasks)).collect();
        Ok((task_counts::of_workflow(tx, workflow)?, counted))
    })
    .await
    .unwrap()
}

async fn counts_of_a_cleared_workflow_go(bed: Bed) {
    let gone = DeletedWorkflow { id: bed.workflow, workspace: bed.workspace, by: baton_core::actor::Actor::Operator, request: None };
    for _ in 0..3 {
        bed.inserted().await;
    }
    bed.write(|tx| task_counts::fold(tx, 2)).await.unwrap();
    let workflow = bed.workflow;
    bed.write(move |tx| {
        deleted_workflows::insert(tx, &gone, at(5))?;
        for task in deleted_workflows::tasks(tx, workflow, 10)? {
            deleted_workflows::delete_task(tx, &task)?;
        }
        deleted_workflows::finish(tx, workflow)
    })
    .await
    .unwrap();
    for table in ["SELECT count(*) FROM task_counts", "SELECT count(*) FROM task_count_changes"] {
        assert_eq!(bed.number(table).await, 0, "{table}");
    }
}

/// From two nodes where there may be two, while it is folded and counted.
async fn tasks_that_move_at_once_are_counted_once(bed: Bed) {
    const TASKS: i64 = 8;
    let mut made = Vec::new();
    for _ in 0..TASKS {
        made.push(bed.inserted().await.id);
    }
    let other_node = (bed.kind == Kind::Postgres).then(|| Store::open(bed.place.options()).unwrap());
    let stores = [bed.store.clone(), other_node.unwrap_or_else(|| bed.store.clone())];
    let moving = Arc::new(AtomicBool::new(true));
    let mut running = JoinSet::new();
    for (number, task) in (0i64..).zip(made.iter().copied()) {
        let (store, workspace, workflow) = (stores[number as usize % 2].clone(), bed.workspace, bed.workflow);
        running.spawn(async move {
            for step in 0..30 {
                let moved = store.write::<(), StoreError>(move |tx| {
                    let before = tasks::load(tx, workspace, workflow, task, true)?.unwrap().task;
                    let to = Place { stage: (number + step) % STAGES, assignee: Some(step % USERS).filter(|_| step % 3 > 0) };
                    change(tx, workspace, &before, &moved(before.clone(), to))
                });
                moved.await.unwrap();
            }
        });
    }
    let mut others = JoinSet::new();
    for store in stores {
        let (moving, workflow) = (moving.clone(), bed.workflow);
        others.spawn(async move {
            while moving.load(Ordering::Relaxed) {
                store.write::<u64, StoreError>(|tx| task_counts::fold(tx, 7)).await.unwrap();
                let counts: Counts = store.read::<_, StoreError>(move |tx| task_counts::of_workflow(tx, workflow)).await.unwrap();
                assert_eq!(counts.iter().map(|(_, _, tasks)| tasks).sum::<i64>(), TASKS);
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    moving.store(false, Ordering::Relaxed);
    while let Some(done) = others.join_next().await {
        done.unwrap();
    }
    let (kept, counted) = both(&bed).await;
    assert_eq!(kept, counted);
    while bed.write(|tx| task_counts::fold(tx, 100)).await.unwrap() > 0 {}
    assert_eq!(both(&bed).await.0, counted);
    assert_eq!(bed.number("SELECT count(*) FROM task_count_changes").await, 0);
}

/// Who clears the last of a workflow away waits for who folds its counts, or they would be put back.
#[test]
fn nothing_is_folded_into_a_workflow_that_is_gone() {
    run(Kind::Postgres, async |bed| {
        let workflow = bed.workflow;
        bed.inserted().await;
        let (folded, is_folded) = mpsc::channel();
        let (commit, may_commit) = mpsc::channel::<()>();
        let ends = Mutex::new((folded, may_commit));
        let folding = bed.store.write::<(), StoreError>(move |tx| {
            task_counts::fold(tx, 10)?;
            let (folded, may_commit) = &*ends.lock().unwrap();
            folded.send(()).unwrap();
            may_commit.recv().unwrap();
            Ok(())
        });
        let clearing = async {
            tokio::task::block_in_place(|| is_folded.recv().unwrap());
            let waits = async {
                let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
                while bed.number(waiting).await == 0 {}
                commit.send(()).unwrap();
            };
            let (cleared, ()) = tokio::join!(bed.write(move |tx| deleted_workflows::finish(tx, workflow)), waits);
            cleared
        };
        assert_eq!(tokio::join!(folding, clearing), (Ok(()), Ok(())));
        assert_eq!(bed.number("SELECT count(*) FROM task_counts").await, 0);
    });
}
