//! Whoever changes the history behind the program's back is found out.

use baton_core::activity::Kind;
use baton_core::ids::Id;
use baton_store::sql::activity::{Fault, Verified};

use super::activity::{append, seal, verify};
use super::bed::Bed;
use super::on_every_store;

on_every_store!(
    an_untouched_history_has_no_fault,
    every_changed_column_is_found,
    what_is_removed_moved_or_put_in_is_found,
    an_erasure_needs_a_deleted_task,
);

/// Five sealed rows, the third about a task and an execution; its id.
async fn history(bed: &Bed) -> Id {
    let mut rows: Vec<_> = (0..5).map(|_| bed.activity(Kind::TaskUpdated, Some(bed.fresh()), 1)).collect();
    rows[2].execution = Some(bed.fresh());
    append(bed, &rows).await;
    seal(bed).await;
    rows[2].id
}

async fn an_untouched_history_has_no_fault(bed: Bed) {
    assert_eq!(verify(&bed).await, Verified::default());
    history(&bed).await;
    assert_eq!(verify(&bed).await, Verified { sealed: 5, ..Verified::default() });
}

/// Each in a history of its own workspace would cost a store each; undone again they share one.
async fn every_changed_column_is_found(bed: Bed) {
    let third = history(&bed).await;
    bed.tamper("CREATE TABLE untouched AS SELECT * FROM activity").await;
    let changes: [(&'static str, &'static str); 17] = [
        ("workflow_id", "workflow_id + 1"),
        ("workflow_id", "NULL"),
        ("task_id", "task_id + 1"),
        ("version", "version + 1"),
        ("at", "at - 1"),
        ("actor_kind", "'api_key'"),
        ("actor_kind", "'nobody'"),
        ("actor_id", "actor_id + 1"),
        ("request", "'r-2'"),
        ("request", "NULL"),
        ("execution_id", "NULL"),
        ("kind", "'task.deleted'"),
        ("kind", "'nothing'"),
        ("before_values", "'{}'"),
        ("after_values", "after_values || ' '"),
        ("hash", "salt"),
        ("salt", "hash"),
    ];
    for (column, value) in changes {
        let change = format!("UPDATE activity SET {column} = {value} WHERE sequence = 3");
        let undo = format!("UPDATE activity SET {column} = (SELECT u.{column} FROM untouched u WHERE u.id = activity.id)");
        run(&bed, change).await;
        let faults = verify(&bed).await.faults;
        assert_eq!(faults, [Fault::Changed { sequence: 3, activity: third }], "{column} = {value}");
        run(&bed, undo).await;
        assert_eq!(verify(&bed).await.faults, [], "{column} is back");
    }
    // Changed together with its hash, a row no longer fits the chain.
    run(&bed, "UPDATE activity SET hash = (SELECT u.hash FROM untouched u WHERE u.sequence = 2) WHERE sequence = 3".to_owned()).await;
    assert_eq!(verify(&bed).await.faults, [Fault::Changed { sequence: 3, activity: third }]);
}

async fn run(bed: &Bed, sql: String) {
    bed.write(move |tx| tx.rows(&sql, &[], &mut |_| Ok(()))).await.unwrap();
}

async fn what_is_removed_moved_or_put_in_is_found(bed: Bed) {
    history(&bed).await;
    bed.tamper("CREATE TABLE untouched AS SELECT * FROM activity").await;
    bed.tamper("CREATE TABLE untouched_heads AS SELECT * FROM activity_heads").await;
    let missing = |sequence: i64| Fault::Missing { sequence };
    let of = |fault: &Fault| match *fault {
        Fault::OutOfPlace { sequence, .. } => -sequence,
        Fault::End { sequence } => 1000 + sequence,
        Fault::Missing { sequence } => sequence,
        ref other => panic!("{other}"),
    };
    let cases: [(&[&'static str], Vec<i64>); 8] = [
        (&["DELETE FROM activity WHERE sequence = 3"], vec![3]),
        (&["DELETE FROM activity WHERE sequence = 1"], vec![1]),
        (&["DELETE FROM activity WHERE sequence IN (2, 3)"], vec![2, 3]),
        // The last row has nothing behind it but the head.
        (&["DELETE FROM activity WHERE sequence = 5"], vec![1005]),
        (
            &["DELETE FROM activity WHERE sequence = 3", "UPDATE activity SET sequence = sequence - 1 WHERE sequence > 3"],
            vec![-3, -4, 1005],
        ),
        (
            &[
                "UPDATE activity SET sequence = 9 WHERE sequence = 2",
                "UPDATE activity SET sequence = 2 WHERE sequence = 3",
                "UPDATE activity SET sequence = 3 WHERE sequence = 9",
            ],
            vec![-2, -3, -4],
        ),
        // One more at the end, a copy of the last.
        (
            &["INSERT INTO activity SELECT id + 100000, workspace_id, workflow_id, task_id, version, at, actor_kind, actor_id, request,
                execution_id, kind, before_values, after_values, salt, hash, 1, 6, chain FROM untouched WHERE sequence = 5"],
            vec![],
        ),
        (&["DELETE FROM activity"], vec![1005]),
    ];
    for (changes, expected) in cases {
        for change in changes {
            bed.tamper(change).await;
        }
        let faults = verify(&bed).await.faults;
        if expected.is_empty() {
            assert!(faults.len() >= 2, "{changes:?}: {faults:?}");
        } else {
            assert_eq!(faults.iter().map(of).collect::<Vec<_>>(), expected, "{changes:?}: {faults:?}");
        }
        for undo in ["DELETE FROM activity", "INSERT INTO activity SELECT * FROM untouched"] {
            bed.tamper(undo).await;
        }
        assert_eq!(verify(&bed).await.faults, []);
    }
    bed.tamper("DELETE FROM activity_heads").await;
    assert_eq!(verify(&bed).await.faults, [Fault::End { sequence: 0 }]);
    bed.tamper("INSERT INTO activity_heads SELECT workspace_id, sequence + 1, chain FROM untouched_heads").await;
    assert_eq!(verify(&bed).await.faults, [Fault::End { sequence: 6 }]);
    assert_eq!(missing(1), Fault::Missing { sequence: 1 });
}

async fn an_erasure_needs_a_deleted_task(bed: Bed) {
    let third = history(&bed).await;
    bed.tamper("UPDATE activity SET before_values = NULL, after_values = NULL, salt = NULL, erased = 1 WHERE sequence = 3").await;
    let verified = verify(&bed).await;
    assert_eq!((verified.erased, verified.faults), (1, vec![Fault::Erased { sequence: 3, activity: third }]));
}
