//! Nodes: one lease each, boots that end older ones, and work that goes on elsewhere.

use std::time::Duration;

use baton_core::time::Timestamp;
use baton_store::StoreError;
use baton_store::sql::jobs::{self, Claim, Claimed, Job};
use baton_store::sql::nodes;

use super::bed::{Bed, Kind, at, id};
use super::on_every_store;

on_every_store!(
    boots_count_and_only_the_last_renews,
    a_restarted_node_finds_its_work_claimable_at_once,
    a_live_lease_keeps_work_and_an_ended_one_frees_it,
    a_late_result_of_a_lost_lease_is_dropped,
    a_clean_end_hands_back_without_counting_the_start,
    what_is_claimed_under_a_dead_lease_is_found_again,
    a_node_does_not_take_back_its_own,
    an_ended_lease_is_found_by_one_node,
);

const LEASE: Duration = Duration::from_secs(10);
const NOW: i64 = 0;

async fn start(bed: &Bed, node: i64) -> i64 {
    bed.write(move |tx| nodes::start(tx, id(node), at(NOW), LEASE)).await.unwrap()
}

async fn claimed(bed: &Bed, node: i64, boot: i64, now: Timestamp) -> Claimed {
    bed.write(move |tx| jobs::claim(tx, id(node), boot, now, &jobs::Room { workers: 9, calls: 0, calls_of: &|_| 0, imports: 0 }))
        .await
        .unwrap()
}

async fn claim(bed: &Bed, node: i64, boot: i64, now: Timestamp) -> Vec<Job> {
    claimed(bed, node, boot, now).await.jobs
}

/// A moment after every lease has ended. PostgreSQL goes by its own clock, so there the leases are moved instead.
async fn much_later(bed: &Bed) -> Timestamp {
    if bed.kind == Kind::Postgres {
        bed.tamper("UPDATE nodes SET lease_until = lease_until - 11000000 WHERE lease_until IS NOT NULL").await;
    }
    at(NOW + 11_000_000)
}

async fn job_of(bed: &Bed, claim: Claim) -> Job {
    let task = bed.inserted().await.id;
    bed.accept(task, 1, Some(claim)).await.remove(0)
}

fn by(node: i64, boot: i64) -> Claim {
    Claim { node: id(node), boot, epoch: 1 }
}

async fn boots_count_and_only_the_last_renews(bed: Bed) {
    assert_eq!([start(&bed, 1).await, start(&bed, 1).await, start(&bed, 2).await], [1, 2, 1]);
    for (node, boot, renewed) in [(1, 2, true), (1, 1, false), (1, 3, false), (2, 1, true), (3, 1, false)] {
        let done = bed.write(move |tx| nodes::renew(tx, id(node), boot, at(NOW), LEASE)).await;
        assert_eq!(done, Ok(renewed), "node {node} boot {boot}");
    }
}

async fn a_restarted_node_finds_its_work_claimable_at_once(bed: Bed) {
    start(&bed, 1).await;
    let job = job_of(&bed, by(1, 1)).await;
    assert_eq!(claim(&bed, 1, 1, at(NOW)).await, []);
    assert_eq!(start(&bed, 1).await, 2);
    let again = Job { claim: Some(Claim { epoch: 2, ..by(1, 2) }), starts: 2, ..job };
    assert_eq!(claim(&bed, 1, 2, at(NOW)).await, [again]);
}

async fn a_live_lease_keeps_work_and_an_ended_one_frees_it(bed: Bed) {
    start(&bed, 1).await;
    start(&bed, 2).await;
    let job = job_of(&bed, by(1, 1)).await;
    assert_eq!(claim(&bed, 2, 1, at(NOW + 9_000_000)).await, []);

    let later = much_later(&bed).await;
    bed.write(move |tx| nodes::renew(tx, id(2), 1, later, LEASE)).await.unwrap();
    assert_eq!(bed.read(move |tx| jobs::any_claimable(tx, later, &[jobs::Takes::Worker])).await, Ok(true));
    let taken = Job { claim: Some(Claim { epoch: 2, ..by(2, 1) }), starts: 2, ..job };
    assert_eq!(claim(&bed, 2, 1, later).await, [taken]);
    // Once is enough: nothing is looked for again.
    assert_eq!(bed.read(move |tx| jobs::any_claimable(tx, later, &[jobs::Takes::Worker])).await, Ok(false));
}

async fn a_late_result_of_a_lost_lease_is_dropped(bed: Bed) {
    start(&bed, 1).await;
    start(&bed, 2).await;
    let job = job_of(&bed, by(1, 1)).await;
    let later = much_later(&bed).await;
    bed.write(move |tx| nodes::renew(tx, id(2), 1, later, LEASE)).await.unwrap();
    let taken = claim(&bed, 2, 1, later).await.remove(0);
    // The first node comes back: its lease is good again, its claim is not.
    assert_eq!(bed.write(move |tx| nodes::renew(tx, id(1), 1, later, LEASE)).await, Ok(true));
    assert_eq!(bed.write(move |tx| jobs::finish(tx, job.id, &by(1, 1))).await, Err(StoreError::LeaseLost));
    assert_eq!(bed.write(move |tx| jobs::finish(tx, job.id, &taken.claim.unwrap())).await, Ok(()));
}

async fn a_clean_end_hands_back_without_counting_the_start(bed: Bed) {
    start(&bed, 1).await;
    start(&bed, 2).await;
    let job = job_of(&bed, by(1, 1)).await;
    let other = job_of(&bed, by(2, 1)).await;
    bed.write(|tx| nodes::end(tx, id(1), 1)).await.unwrap();
    let handed = claim(&bed, 2, 1, at(NOW)).await;
    assert_eq!(handed, [Job { claim: Some(Claim { epoch: 2, ..by(2, 1) }), starts: 1, ..job }]);
    assert_eq!(bed.write(move |tx| jobs::finish(tx, other.id, &by(2, 1))).await, Ok(()));
    assert_eq!(start(&bed, 1).await, 2);
}

/// A node that stopped for longer than its lease, and goes on before it notices.
async fn what_is_claimed_under_a_dead_lease_is_found_again(bed: Bed) {
    start(&bed, 1).await;
    start(&bed, 2).await;
    let later = much_later(&bed).await;
    bed.write(move |tx| nodes::renew(tx, id(2), 1, later, LEASE)).await.unwrap();
    assert_eq!(claim(&bed, 2, 1, later).await, []);
    let (late, own) = (job_of(&bed, by(1, 1)).await, job_of(&bed, by(2, 1)).await);
    let lost = || bed.read(move |tx| nodes::any_lost(tx, id(2), 1, later));
    assert_eq!((lost().await, claim(&bed, 2, 1, later).await), (Ok(true), vec![]));
    assert_eq!(bed.write(move |tx| nodes::sweep(tx, id(2), 1, later)).await, Ok(1));
    let taken = Job { claim: Some(Claim { epoch: 2, ..by(2, 1) }), starts: 2, ..late };
    assert_eq!((lost().await, claim(&bed, 2, 1, later).await), (Ok(false), vec![taken]));
    assert_eq!(bed.write(move |tx| jobs::finish(tx, late.id, &by(1, 1))).await, Err(StoreError::LeaseLost));
    assert_eq!(bed.write(move |tx| jobs::finish(tx, own.id, &by(2, 1))).await, Ok(()));

    // The same for an earlier boot of a node that lives.
    let earlier = job_of(&bed, by(2, 1)).await;
    assert_eq!(start(&bed, 2).await, 2);
    let between = job_of(&bed, by(2, 1)).await;
    assert_eq!(bed.write(move |tx| nodes::sweep(tx, id(2), 2, later)).await, Ok(1));
    let ids: Vec<_> = claim(&bed, 2, 2, later).await.iter().map(|job| job.id).collect();
    assert_eq!(ids, [late.id, earlier.id, between.id]);
}

async fn a_node_does_not_take_back_its_own(bed: Bed) {
    start(&bed, 1).await;
    let job = job_of(&bed, by(1, 1)).await;
    let later = much_later(&bed).await;
    assert_eq!(claim(&bed, 1, 1, later).await, []);
    assert_eq!(bed.write(move |tx| jobs::finish(tx, job.id, &by(1, 1))).await, Ok(()));
}

async fn an_ended_lease_is_found_by_one_node(bed: Bed) {
    for node in 1..=4 {
        start(&bed, node).await;
    }
    let later = much_later(&bed).await;
    for node in [1, 2] {
        bed.write(move |tx| nodes::renew(tx, id(node), 1, later, LEASE)).await.unwrap();
    }
    let mut found = Vec::new();
    for node in [1, 2, 1] {
        found.push(claimed(&bed, node, 1, later).await.takeovers);
    }
    assert_eq!(found, [2, 0, 0]);
}
