//! Jobs: queues of tasks, claims, fences.

use baton_core::time::Timestamp;
use baton_store::sql::jobs::{self, Claim, Depth, Job, Takes};
use baton_store::sql::tasks;
use baton_store::{StoreError, Tx};
use tokio::task::JoinSet;

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(
    a_tasks_queue_counts_and_only_its_head_is_ready,
    only_the_current_claim_ends_a_job,
    a_lost_lease_takes_the_rest_of_the_work_with_it,
    a_fence_holds_for_the_current_claim_only,
    a_row_tells_whether_its_job_was_put_back,
    what_waits_becomes_ready_in_order_and_claimed,
    what_waits_may_be_left_to_any_node,
    unclaimed_jobs_are_claimed_oldest_first_once,
    no_job_is_claimed_twice_at_once,
    a_job_is_not_claimed_before_it_is_due,
    every_workspace_gets_its_share_of_a_claim,
    what_others_leave_of_a_claim_is_shared_anew,
    the_workspace_behind_a_thousand_has_its_turn,
    one_more_is_claimed_where_something_waits,
    an_import_takes_neither_a_worker_nor_an_open_call,
    sequences_are_never_given_twice,
    how_much_waits_and_since_when,
);

const BOOT: i64 = 1;
/// Beyond every clock that a store may go by.
const FAR: i64 = 9_000_000_000_000_000;

fn by(node: i64, epoch: i64) -> Claim {
    Claim { node: id(node), boot: BOOT, epoch }
}

async fn claim(bed: &Bed, node: i64, limit: usize) -> Vec<Job> {
    bed.write(move |tx| jobs::claim(tx, id(node), BOOT, at(10), &jobs::Room { workers: limit, calls: 0, calls_of: &|_| 0, imports: 0 }))
        .await
        .unwrap()
        .jobs
}

async fn finish(bed: &Bed, job: &Job, claim: Claim) -> Result<(), StoreError> {
    let job = job.id;
    bed.write(move |tx| jobs::finish(tx, job, &claim)).await
}

async fn any(bed: &Bed) -> bool {
    bed.read(|tx| jobs::any_claimable(tx, at(10), &[Takes::Worker, Takes::Call])).await.unwrap()
}

async fn a_tasks_queue_counts_and_only_its_head_is_ready(bed: Bed) {
    let task = bed.inserted().await.id;
    let queue = |bed: Bed| async move { bed.loaded(task).await.map(|loaded| (loaded.last_sequence, loaded.waiting)) };
    assert_eq!(queue(bed.clone()).await, Some((0, 0)));
    let accepted = bed.accept(task, 3, Some(by(1, 1))).await;
    assert_eq!(accepted.iter().map(|job| (job.sequence, job.ready)).collect::<Vec<_>>(), [(1, true), (2, false), (3, false)]);
    assert_eq!(queue(bed.clone()).await, Some((3, 3)));

    finish(&bed, &accepted[0], by(1, 1)).await.unwrap();
    bed.write(move |tx| tasks::finish_sequence(tx, task, 1)).await.unwrap();
    assert_eq!(queue(bed.clone()).await, Some((3, 2)));
    // Those behind wait for their turn, not for a claim.
    assert!(!any(&bed).await);
    assert_eq!(claim(&bed, 1, 10).await, []);
}

async fn only_the_current_claim_ends_a_job(bed: Bed) {
    let task = bed.inserted().await.id;
    let job = bed.accept(task, 1, Some(by(1, 1))).await.remove(0);
    let wrong = [by(1, 2), by(2, 1), Claim { boot: 2, ..by(1, 1) }, by(1, 0)];
    for claim in wrong {
        assert_eq!(finish(&bed, &job, claim).await, Err(StoreError::LeaseLost), "{claim:?}");
    }
    assert_eq!(bed.number("SELECT count(*) FROM jobs").await, 1);
    assert_eq!(finish(&bed, &job, by(1, 1)).await, Ok(()));
    assert_eq!(finish(&bed, &job, by(1, 1)).await, Err(StoreError::LeaseLost));
    assert_eq!(bed.number("SELECT count(*) FROM jobs").await, 0);
}

/// The end of the job is the first write of a run; what comes after it must not stay, nor may its neighbours suffer.
async fn a_lost_lease_takes_the_rest_of_the_work_with_it(bed: Bed) {
    let task = bed.inserted().await.id;
    let job = bed.accept(task, 1, Some(by(1, 1))).await.remove(0).id;
    let mut running = JoinSet::new();
    for number in 0..40 {
        let (neighbour, bed, other) = (bed.clone(), bed.clone(), bed.task());
        // One in the middle is right.
        let claim = if number == 20 { by(1, 1) } else { by(2, 1) };
        running.spawn(async move {
            let workspace = bed.workspace;
            bed.write(move |tx| {
                jobs::finish(tx, job, &claim)?;
                tasks::finish_sequence(tx, task, 1)?;
                tasks::insert(tx, workspace, &other, None, true, &[])
            })
            .await
        });
        running.spawn(async move {
            neighbour.inserted().await;
            Err(StoreError::Overloaded)
        });
    }
    let mut done = 0;
    while let Some(answer) = running.join_next().await {
        match answer.unwrap() {
            Ok(()) => done += 1,
            Err(error) => assert!([StoreError::LeaseLost, StoreError::Overloaded].contains(&error), "{error}"),
        }
    }
    assert_eq!((done, bed.number("SELECT count(*) FROM tasks").await), (1, 1 + 1 + 40));
    assert_eq!(bed.loaded(task).await.map(|loaded| (loaded.last_sequence, loaded.waiting)), Some((1, 0)));
}

async fn a_fence_holds_for_the_current_claim_only(bed: Bed) {
    let task = bed.inserted().await.id;
    let job = bed.accept(task, 1, Some(by(1, 1))).await.remove(0).id;
    for (claim, holds) in [(by(1, 1), true), (by(1, 2), false), (by(2, 1), false)] {
        assert_eq!(bed.write(move |tx| jobs::hold(tx, job, &claim)).await, Ok(holds), "{claim:?}");
    }
}

async fn a_row_tells_whether_its_job_was_put_back(bed: Bed) {
    let task = bed.inserted().await.id;
    let job = bed.accept(task, 1, Some(by(1, 1))).await.remove(0);
    let settled = |job: Job| bed.write(move |tx| jobs::settled(tx, &job));
    assert_eq!(settled(job).await, Ok(Some(job)));
    let put_back = |job: Job, held: Claim| {
        bed.write(move |tx| {
            jobs::finish(tx, job.id, &held)?;
            jobs::put_back(tx, &job, &held)
        })
    };
    let kept = put_back(Job { takes: Takes::Call, ..job }, by(1, 1)).await.unwrap();
    assert_eq!(kept, Job { claim: Some(by(1, 2)), takes: Takes::Call, ..job });
    assert_eq!(settled(job).await, Ok(Some(kept)));
    assert_eq!(finish(&bed, &job, by(1, 1)).await, Err(StoreError::LeaseLost));
    let left = put_back(Job { claim: None, ..job }, by(1, 2)).await.unwrap();
    assert_eq!((left.claim, settled(job).await), (None, Ok(Some(left))));
    assert_eq!(claim(&bed, 1, 1).await[0].claim, Some(by(1, 4)), "no claim has an epoch that another had");
    finish(&bed, &job, by(1, 4)).await.unwrap();
    assert_eq!(settled(job).await, Ok(None));
}

async fn what_waits_becomes_ready_in_order_and_claimed(bed: Bed) {
    let (task, other) = (bed.inserted().await.id, bed.inserted().await.id);
    let accepted = bed.accept(task, 3, Some(by(1, 1))).await;
    bed.accept(other, 2, None).await;
    let promote = |claim: Claim| bed.write(move |tx| jobs::promote_next(tx, task, Some(&claim)));
    // The head still runs.
    assert_eq!(promote(by(1, 1)).await, Ok(None));
    for (before, now) in [(0, 1), (1, 2)] {
        finish(&bed, &accepted[before], by(1, 1)).await.unwrap();
        let expected = Job { ready: true, claim: Some(by(1, 1)), starts: 1, ..accepted[now] };
        assert_eq!(promote(by(1, 7)).await, Ok(Some(expected)));
    }
    finish(&bed, &accepted[2], by(1, 1)).await.unwrap();
    assert_eq!(promote(by(1, 1)).await, Ok(None));
    assert_eq!(bed.number("SELECT count(*) FROM jobs").await, 2);
}

async fn what_waits_may_be_left_to_any_node(bed: Bed) {
    let task = bed.inserted().await.id;
    let accepted = bed.accept(task, 2, Some(by(1, 1))).await;
    finish(&bed, &accepted[0], by(1, 1)).await.unwrap();
    let promoted = bed.write(move |tx| jobs::promote_next(tx, task, None)).await;
    assert_eq!(promoted, Ok(Some(Job { ready: true, ..accepted[1] })));
    assert_eq!(claim(&bed, 2, 9).await, [Job { ready: true, claim: Some(by(2, 1)), starts: 1, ..accepted[1] }]);
}

async fn unclaimed_jobs_are_claimed_oldest_first_once(bed: Bed) {
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let task = bed.inserted().await.id;
        waiting.extend(bed.accept(task, 2, None).await.into_iter().take(1));
    }
    assert!(any(&bed).await);
    let expected = |job: &Job| Job { claim: Some(by(1, 1)), starts: 1, ..*job };
    assert_eq!(claim(&bed, 1, 2).await, waiting[..2].iter().map(expected).collect::<Vec<_>>());
    assert_eq!(claim(&bed, 1, 99).await, waiting[2..].iter().map(expected).collect::<Vec<_>>());
    assert!(!any(&bed).await);
    assert_eq!(claim(&bed, 2, 99).await, []);
    assert_eq!(claim(&bed, 2, 0).await, []);
}

async fn no_job_is_claimed_twice_at_once(bed: Bed) {
    for _ in 0..40 {
        let task = bed.inserted().await.id;
        bed.accept(task, 1, None).await;
    }
    let mut running = JoinSet::new();
    for node in 1..=8 {
        let bed = bed.clone();
        running.spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let more = claim(&bed, node, 3).await;
                if more.is_empty() && !any(&bed).await {
                    return claimed;
                }
                claimed.extend(more.into_iter().map(|job| job.id));
            }
        });
    }
    let mut claimed = Vec::new();
    while let Some(ids) = running.join_next().await {
        claimed.extend(ids.unwrap());
    }
    claimed.sort();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((all, claimed.len()), (40, 40));
}

async fn a_job_is_not_claimed_before_it_is_due(bed: Bed) {
    // Far in the future, also by the clock of a database that keeps its own.
    let due = at(10 * 365 * 24 * 3600 * 1_000_000);
    let (workspace, task, job) = (bed.workspace, bed.fresh(), bed.fresh());
    let job = Job { id: job, workspace, task, sequence: 1, ready: true, claim: None, starts: 0, due_at: Some(due), takes: Takes::Worker };
    bed.write(move |tx| jobs::insert(tx, &job)).await.unwrap();
    assert!(!any(&bed).await);
    assert_eq!(claim(&bed, 1, 9).await, []);
    bed.tamper("UPDATE jobs SET due_at = 5").await;
    assert!(any(&bed).await);
    assert_eq!(claim(&bed, 1, 9).await, [Job { claim: Some(by(1, 1)), starts: 1, due_at: Some(Timestamp::from_micros(5)), ..job }]);
}

async fn every_workspace_gets_its_share_of_a_claim(bed: Bed) {
    // 50 of one workspace, all older than the two of each other.
    let mut jobs = Vec::new();
    for (workspace, count) in [(100, 50), (101, 2), (102, 2)] {
        for _ in 0..count {
            let job = Job {
                id: bed.fresh(),
                workspace: id(workspace),
                task: bed.fresh(),
                sequence: 1,
                ready: true,
                claim: None,
                starts: 0,
                due_at: None,
                takes: Takes::Worker,
            };
            jobs.push(job);
        }
    }
    bed.write(move |tx| jobs.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
    let claimed = claim(&bed, 1, 6).await;
    let of = |workspace: i64| claimed.iter().filter(|job| job.workspace == id(workspace)).count();
    assert_eq!([of(100), of(101), of(102)], [2, 2, 2]);
    assert_eq!(claim(&bed, 1, 99).await.len() + claim(&bed, 1, 99).await.len(), 48);
}

/// Workspaces that wait for later take nothing from those that wait for now.
async fn what_others_leave_of_a_claim_is_shared_anew(bed: Bed) {
    let mut jobs = Vec::new();
    let later = (200..220).map(|workspace| (workspace, 1, Some(FAR)));
    for (workspace, count, due_at) in [(100, 30, None), (101, 3, None)].into_iter().chain(later) {
        for takes in [Takes::Worker, Takes::Call] {
            jobs.extend((0..count).map(|_| Job {
                id: bed.fresh(),
                workspace: id(workspace),
                task: bed.fresh(),
                sequence: 1,
                ready: true,
                claim: None,
                starts: 0,
                due_at: due_at.map(at),
                takes,
            }));
        }
    }
    bed.write(move |tx| jobs.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
    let calls_of = |workspace| if workspace == id(100) { 5 } else { 100 };
    let claimed =
        bed.write(move |tx| jobs::claim(tx, id(1), BOOT, at(10), &jobs::Room { workers: 12, calls: 50, calls_of: &calls_of, imports: 0 }));
    let claimed = claimed.await.unwrap().jobs;
    let of = |workspace: i64, takes: Takes| claimed.iter().filter(|job| job.workspace == id(workspace) && job.takes == takes).count();
    assert_eq!([of(100, Takes::Worker), of(101, Takes::Worker)], [9, 3]);
    assert_eq!([of(100, Takes::Call), of(101, Takes::Call)], [5, 3]);
    assert_eq!(claimed.len(), 20);
}

async fn an_import_takes_neither_a_worker_nor_an_open_call(bed: Bed) {
    let jobs = [
        unclaimed(&bed, 300, None, Takes::Import),
        unclaimed(&bed, 300, None, Takes::Import),
        unclaimed(&bed, 301, None, Takes::Import),
        unclaimed(&bed, 300, None, Takes::Worker),
    ];
    bed.write(move |tx| jobs.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
    assert_eq!(claim(&bed, 1, 9).await.iter().map(|job| job.id).collect::<Vec<_>>(), [jobs[3].id]);
    assert!(!any(&bed).await);
    assert_eq!(bed.read(|tx| jobs::any_claimable(tx, at(10), &[Takes::Import])).await, Ok(true));
    // Each workspace has its turn, and within one the oldest goes first.
    let room = |tx: &mut dyn Tx| jobs::claim(tx, id(1), BOOT, at(10), &jobs::Room { workers: 0, calls: 0, calls_of: &|_| 0, imports: 2 });
    let mut claimed: Vec<_> = bed.write(room).await.unwrap().jobs.iter().map(|job| job.id).collect();
    claimed.sort();
    assert_eq!(claimed, [jobs[0].id, jobs[2].id]);
    let next = |tx: &mut dyn Tx| jobs::claim_next(tx, &by(1, 1), at(10), Takes::Import);
    assert_eq!(bed.write(next).await.unwrap().map(|job| job.id), Some(jobs[1].id));
    assert_eq!(bed.write(next).await, Ok(None));
    // Only what nobody runs is withdrawn.
    let last = unclaimed(&bed, 302, None, Takes::Import);
    bed.write(move |tx| jobs::insert(tx, &last)).await.unwrap();
    assert_eq!(bed.write(move |tx| jobs::withdraw(tx, jobs[0].id)).await, Ok(false));
    assert_eq!(bed.write(move |tx| jobs::withdraw(tx, last.id)).await, Ok(true));
}

async fn sequences_are_never_given_twice(bed: Bed) {
    let task = bed.inserted().await.id;
    let mut running = JoinSet::new();
    for _ in 0..30 {
        let bed = bed.clone();
        running.spawn(async move { bed.accept(task, 1, None).await[0].sequence });
    }
    let mut given = Vec::new();
    while let Some(sequence) = running.join_next().await {
        given.push(sequence.unwrap());
    }
    given.sort();
    assert_eq!(given, (1..=30).collect::<Vec<_>>());
    let ready = bed.number("SELECT count(*) FROM jobs WHERE ready = 1").await;
    assert_eq!(ready, 1);
    // Nor again after the last of the queue has gone.
    bed.tamper("DELETE FROM jobs").await;
    bed.write(move |tx| tasks::finish_sequence(tx, task, 30)).await.unwrap();
    assert_eq!(bed.accept(task, 1, None).await[0].sequence, 31);
}

async fn how_much_waits_and_since_when(bed: Bed) {
    let depth = |bed: &Bed| {
        let bed = bed.clone();
        async move { bed.read(|tx| jobs::depth(tx, at(10))).await.unwrap() }
    };
    assert_eq!(depth(&bed).await, Depth { count: 0, since: None });
    let (running, waits) = (bed.inserted().await.id, bed.inserted().await.id);
    // One that runs counts for nothing, those behind it wait for it.
    bed.accept(running, 3, Some(by(1, 1))).await;
    assert_eq!(depth(&bed).await, Depth { count: 2, since: None });
    let first = bed.accept(waits, 2, None).await.remove(0);
    assert_eq!(depth(&bed).await, Depth { count: 4, since: Some(first.id.made_at()) });
    // One that waits for its time waits only from then on.
    for (due_at, since) in [(at(11), None), (at(10), Some(at(10)))] {
        let due = due_at.micros();
        bed.write(move |tx| tx.execute("UPDATE jobs SET due_at = $1 WHERE id = $2", &[due.into(), first.id.into()])).await.unwrap();
        assert_eq!(depth(&bed).await, Depth { count: 4, since });
    }
    // An import is no execution.
    let import = unclaimed(&bed, 1, None, Takes::Import);
    bed.write(move |tx| jobs::insert(tx, &import)).await.unwrap();
    assert_eq!(depth(&bed).await, Depth { count: 4, since: Some(at(10)) });
}

/// One that is ready for whoever claims it.
fn unclaimed(bed: &Bed, workspace: i64, due_at: Option<Timestamp>, takes: Takes) -> Job {
    Job { id: bed.fresh(), workspace: id(workspace), task: bed.fresh(), sequence: 1, ready: true, claim: None, starts: 0, due_at, takes }
}

async fn the_workspace_behind_a_thousand_has_its_turn(bed: Bed) {
    // Nothing of the others is due, and one look has no room for more than a thousand of them.
    let mut jobs: Vec<Job> = (0..1100).map(|number| unclaimed(&bed, 2_000 + 7 * number, Some(at(FAR)), Takes::Worker)).collect();
    let last = unclaimed(&bed, 9_999_999, None, Takes::Worker);
    jobs.push(last);
    bed.write(move |tx| jobs.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
    let mut tries = 0..200;
    let found = loop {
        let now = at(20 + tries.next().expect("it has a turn"));
        let room =
            move |tx: &mut dyn Tx| jobs::claim(tx, id(1), BOOT, now, &jobs::Room { workers: 5, calls: 0, calls_of: &|_| 0, imports: 0 });
        let claimed = bed.write(room).await.unwrap().jobs;
        if !claimed.is_empty() {
            break claimed;
        }
    };
    assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), [last.id]);
}

async fn one_more_is_claimed_where_something_waits(bed: Bed) {
    let jobs = [
        unclaimed(&bed, 200, Some(at(FAR)), Takes::Worker),
        unclaimed(&bed, 200, None, Takes::Call),
        unclaimed(&bed, 200, Some(at(5)), Takes::Worker),
        unclaimed(&bed, 200, Some(at(4)), Takes::Worker),
    ];
    let expected = [jobs[3].id, jobs[2].id];
    bed.write(move |tx| jobs.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
    let count = |takes, most| bed.read(move |tx| jobs::count_claimable(tx, id(200), takes, at(10), most));
    assert_eq!((count(Takes::Worker, 9).await, count(Takes::Worker, 1).await, count(Takes::Call, 9).await), (Ok(2), Ok(1), Ok(1)));
    let by = Claim { node: id(1), boot: BOOT, epoch: 7 };
    for expected in expected.map(Some).into_iter().chain([None]) {
        let claimed = bed.write(move |tx| jobs::claim_next(tx, &by, at(10), Takes::Worker)).await.unwrap();
        assert_eq!(claimed.map(|job| job.id), expected);
        let claim = claimed.map(|job| (job.claim, job.starts));
        assert_eq!(claim, expected.map(|_| (Some(Claim { epoch: 1, ..by }), 1)));
    }
    assert_eq!(count(Takes::Worker, 9).await, Ok(0));
}
