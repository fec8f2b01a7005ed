//! Answers under an idempotency key: one of two simultaneous twins acts, the other finds its answer.

use baton_store::sql::idempotency::{self, Stored};
use baton_store::sql::tasks;
use tokio::task::JoinSet;

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(an_answer_is_found_under_its_key, simultaneous_twins_act_once, old_answers_are_purged_a_few_at_a_time);

fn answer(status: i64) -> Stored {
    Stored { body_hash: vec![7; 32], status, headers: r#"[["Location","/x"]]"#.to_owned(), body: b"{\"id\":\"\0\"}".to_vec() }
}

async fn an_answer_is_found_under_its_key(bed: Bed) {
    let workspace = bed.workspace;
    bed.write(move |tx| idempotency::insert(tx, workspace, &[1; 32], &answer(202), at(0))).await.unwrap();
    for (workspace, scope, found) in [(workspace, 1, Some(answer(202))), (workspace, 2, None), (id(99), 1, None)] {
        assert_eq!(bed.read(move |tx| idempotency::find(tx, workspace, &[scope; 32])).await, Ok(found));
    }
}

async fn simultaneous_twins_act_once(bed: Bed) {
    for round in 0..5 {
        let mut running = JoinSet::new();
        for twin in 0..20 {
            let (bed, task) = (bed.clone(), bed.task());
            running.spawn(async move {
                let workspace = bed.workspace;
                bed.write(move |tx| {
                    if let Some(stored) = idempotency::find(tx, workspace, &[round; 32])? {
                        return Ok((stored.status, true));
                    }
                    tasks::insert(tx, workspace, &task, None, true, &[])?;
                    idempotency::insert(tx, workspace, &[round; 32], &answer(twin), at(0))?;
                    Ok((twin, false))
                })
                .await
                .unwrap()
            });
        }
        let mut answers = Vec::new();
        while let Some(answer) = running.join_next().await {
            answers.push(answer.unwrap());
        }
        let first: Vec<i64> = answers.iter().filter(|(_, replayed)| !replayed).map(|(status, _)| *status).collect();
        assert_eq!(first.len(), 1);
        assert!(answers.iter().all(|(status, _)| *status == first[0]));
    }
    assert_eq!(bed.number("SELECT count(*) FROM tasks").await, 5);
}

async fn old_answers_are_purged_a_few_at_a_time(bed: Bed) {
    let workspace = bed.workspace;
    bed.write(move |tx| (0..10).try_for_each(|age| idempotency::insert(tx, workspace, &[age; 32], &answer(202), at(i64::from(age)))))
        .await
        .unwrap();
    let purge = |limit: i64| bed.write(move |tx| idempotency::purge(tx, at(7), limit));
    assert_eq!([purge(3).await, purge(3).await, purge(3).await, purge(3).await], [Ok(3), Ok(3), Ok(1), Ok(0)]);
    let left = bed.read(move |tx| (6..8).map(|age| idempotency::find(tx, workspace, &[age; 32])).collect());
    assert_eq!(left.await, Ok(vec![None, Some(answer(202))]));
}
