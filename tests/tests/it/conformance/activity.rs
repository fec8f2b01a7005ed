//! The history: appended with what it tells of, sealed, read by task.

use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_store::sql::activity::{self, ActivityRow, Verified};
use baton_store::sql::{people, tasks};
use baton_store::{Dialect, StoreError};
use tokio::task::JoinSet;

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(
    rows_come_back_by_version_sealed_or_not,
    every_row_gets_one_place_without_gaps,
    each_workspace_has_a_chain_of_its_own,
    a_failed_work_leaves_no_row,
    a_deleted_task_keeps_hashes_only,
    rows_of_the_command_that_deletes_are_erased_too,
);

pub async fn append(bed: &Bed, rows: &[Activity]) {
    let rows = rows.to_vec();
    bed.write(move |tx| activity::append(tx, &rows)).await.unwrap();
}

/// Until nothing is left unsealed.
pub async fn seal(bed: &Bed) {
    while bed.write(|tx| activity::seal(tx, 7)).await.unwrap() > 0 {}
}

pub async fn verify(bed: &Bed) -> Verified {
    let workspace = bed.workspace;
    bed.read(move |tx| activity::verify(tx, workspace)).await.unwrap()
}

async fn of_task(bed: &Bed, task: Id, after: Option<(i64, Id)>, limit: usize) -> Vec<ActivityRow> {
    let workspace = bed.workspace;
    bed.read(move |tx| activity::of_task(tx, workspace, task, after, limit)).await.unwrap()
}

fn told(rows: &[ActivityRow]) -> Vec<Activity> {
    rows.iter().map(|row| row.activity.clone()).collect()
}

async fn rows_come_back_by_version_sealed_or_not(bed: Bed) {
    let task = bed.fresh();
    let mut rows: Vec<Activity> = [1, 2, 2, 3].iter().map(|version| bed.activity(Kind::TaskUpdated, Some(task), *version)).collect();
    rows[1] = Activity { request: None, before: None, after: None, workflow: None, actor: Actor::Operator, ..rows[1].clone() };
    rows[2].execution = Some(id(60));
    append(&bed, &[rows[3].clone(), rows[0].clone()]).await;
    append(&bed, &[bed.activity(Kind::TaskUpdated, Some(id(99)), 1), rows[1].clone(), rows[2].clone()]).await;
    let found = of_task(&bed, task, None, 99).await;
    assert_eq!(told(&found), rows);
    let sealed_at_once = bed.store.dialect() == Dialect::Sqlite;
    assert!(found.iter().all(|row| row.sequence.is_some() == sealed_at_once && !row.erased));

    let (mut seen, mut after) = (Vec::new(), None);
    while let [first, ..] = of_task(&bed, task, after, 1).await.as_slice() {
        after = Some((first.activity.version, first.activity.id));
        seen.push(first.activity.clone());
    }
    assert_eq!(seen, rows);
    assert_eq!(bed.read(move |tx| activity::of_task(tx, id(99), task, None, 9)).await, Ok(vec![]));
}

async fn every_row_gets_one_place_without_gaps(bed: Bed) {
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let bed = bed.clone();
        running.spawn(async move {
            for _ in 0..5 {
                append(&bed, &[bed.activity(Kind::TaskUpdated, None, 0), bed.activity(Kind::UserAdded, None, 0)]).await;
                bed.write(|tx| activity::seal(tx, 3)).await.unwrap();
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    seal(&bed).await;
    let places = bed.read(|tx| tx.query("SELECT sequence FROM activity ORDER BY sequence", &[], |row| row.int(0))).await;
    assert_eq!(places, Ok((1..=80).collect()));
    assert_eq!(verify(&bed).await, Verified { sealed: 80, ..Verified::default() });
}

async fn each_workspace_has_a_chain_of_its_own(bed: Bed) {
    bed.write(|tx| people::insert_workspace(tx, id(99), "Durmstrang", "UTC", at(0))).await.unwrap();
    let theirs = || Activity { workspace: id(99), ..bed.activity(Kind::UserAdded, None, 0) };
    let ours = || bed.activity(Kind::UserAdded, None, 0);
    append(&bed, &[ours(), theirs(), theirs(), ours(), ours()]).await;
    append(&bed, &[theirs()]).await;
    seal(&bed).await;
    for workspace in [bed.workspace, id(99)] {
        let verified = bed.read(move |tx| activity::verify(tx, workspace)).await;
        assert_eq!(verified, Ok(Verified { sealed: 3, ..Verified::default() }));
    }
    assert_eq!(bed.read(|tx| activity::verify(tx, id(98))).await, Ok(Verified::default()));
}

async fn a_failed_work_leaves_no_row(bed: Bed) {
    append(&bed, &[bed.activity(Kind::UserAdded, None, 0)]).await;
    let rows = [bed.activity(Kind::UserAdded, None, 0)];
    let failed: Result<(), StoreError> = bed.write(move |tx| activity::append(tx, &rows).and(Err(StoreError::LeaseLost))).await;
    assert_eq!(failed, Err(StoreError::LeaseLost));
    append(&bed, &[bed.activity(Kind::UserAdded, None, 0)]).await;
    seal(&bed).await;
    assert_eq!(verify(&bed).await, Verified { sealed: 2, ..Verified::default() });
}

async fn delete(bed: &Bed, task: Id, rows: Vec<Activity>) {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    bed.write(move |tx| tasks::delete(tx, workspace, workflow, task).and_then(|_| activity::append(tx, &rows))).await.unwrap();
}

async fn a_deleted_task_keeps_hashes_only(bed: Bed) {
    let (gone, kept) = (bed.inserted().await.id, bed.inserted().await.id);
    for task in [gone, kept, gone] {
        append(&bed, &[bed.activity(Kind::TaskUpdated, Some(task), 2)]).await;
    }
    // Sealed before and after they are erased.
    seal(&bed).await;
    append(&bed, &[bed.activity(Kind::TaskUpdated, Some(gone), 3)]).await;
    delete(&bed, gone, vec![bed.activity(Kind::TaskDeleted, Some(gone), 3)]).await;
    seal(&bed).await;
    assert_eq!(verify(&bed).await, Verified { sealed: 5, erased: 3, ..Verified::default() });
    let rows = of_task(&bed, gone, None, 9).await;
    assert_eq!(rows.iter().map(|row| row.erased).collect::<Vec<_>>(), [true, true, true, false]);
    assert!(rows[..3].iter().all(|row| row.activity.before.is_none() && row.activity.after.is_none() && row.activity.salt == [0; 16]));
    assert!(!of_task(&bed, kept, None, 9).await[0].erased);
}

async fn rows_of_the_command_that_deletes_are_erased_too(bed: Bed) {
    let (gone, kept) = (bed.inserted().await.id, bed.inserted().await.id);
    let rows = vec![
        bed.activity(Kind::TaskUpdated, Some(gone), 2),
        bed.activity(Kind::CommentAdded, Some(kept), 1),
        bed.activity(Kind::TaskDeleted, Some(gone), 2),
        bed.activity(Kind::ExecutionFinished, Some(gone), 2),
    ];
    delete(&bed, gone, rows).await;
    seal(&bed).await;
    assert_eq!(verify(&bed).await, Verified { sealed: 4, erased: 1, ..Verified::default() });
    assert!(of_task(&bed, gone, None, 9).await[0].erased);
    assert!(!of_task(&bed, kept, None, 9).await[0].erased);
}
