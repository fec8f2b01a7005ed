//! Timers of workflows that are archived: nobody comes upon them, and nothing of them is lost.

use baton_core::execution::Timer;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::workflow::StageRef;
use baton_store::sql::timers::{self, TimerRow};

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(parked_timers_are_not_due_and_keep_their_moment);

async fn due(bed: &Bed) -> Vec<(Id, Timestamp)> {
    // On PostgreSQL they go by its clock, which is past both.
    let rows = bed.read(move |tx| timers::due(tx, at(1_000_000), 0)).await.unwrap();
    rows.into_iter().map(|row| (row.id, row.timer.due_at)).collect()
}

async fn parked_timers_are_not_due_and_keep_their_moment(bed: Bed) {
    let other = bed.fresh();
    let mut rows = Vec::new();
    for (workflow, moment) in [(bed.workflow, 1), (other, 2)] {
        let to = StageRef { id: id(31), name: "Done".to_owned() };
        // Long past by every clock.
        let due_at = Timestamp::from_micros(1_600_000_000_000_000 + moment);
        let timer = Timer { from: id(30), to, keep: true, due_at, from_now: false, left: false };
        let row = TimerRow { id: bed.fresh(), workspace: bed.workspace, workflow, task: id(50), execution: id(60), timer };
        let inserted = row.clone();
        bed.write(move |tx| timers::insert(tx, &inserted)).await.unwrap();
        rows.push((row.id, due_at));
    }
    assert_eq!(due(&bed).await, rows);
    let workflow = bed.workflow;
    // Twice is once.
    for _ in 0..2 {
        bed.write(move |tx| timers::park(tx, workflow)).await.unwrap();
        assert_eq!(due(&bed).await, rows[1..]);
    }
    for _ in 0..2 {
        bed.write(move |tx| timers::unpark(tx, workflow)).await.unwrap();
        assert_eq!(due(&bed).await, rows);
    }
}
