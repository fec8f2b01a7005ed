//! Executions that ended long ago: what may be taken away, and what goes with it.

use baton_core::execution::call::{Call, HttpRequest, Request};
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_store::sql::{calls, executions, jobs, retention};
use baton_store::{StoreError, Tx};

use super::bed::{Bed, at};
use super::on_every_store;

on_every_store!(
    what_ended_before_goes_with_its_calls,
    an_execution_and_its_retries_go_together,
    a_place_in_a_queue_is_kept,
    pieces_follow_each_other,
    what_is_taken_away_can_not_be_held,
);

/// Everything that ended earlier is old; ids of these tests are older still.
fn before() -> Timestamp {
    at(0)
}

fn old() -> Option<Timestamp> {
    Some(at(-1))
}

fn young() -> Option<Timestamp> {
    Some(at(0))
}

/// An execution that ended then, or has not.
async fn ended(bed: &Bed, finished_at: Option<Timestamp>, retry_of: Option<Id>) -> Id {
    let execution = Execution { retry_of, ..bed.execution(bed.workflow, 1) };
    let id = execution.id;
    let insert = move |tx: &mut dyn Tx| {
        executions::insert(tx, &execution)?;
        let Some(finished_at) = finished_at else { return Ok(()) };
        executions::finish(tx, &Execution { status: Status::Success { finished_at }, ..execution.clone() })
    };
    bed.write(insert).await.unwrap();
    id
}

/// As the chore does it; what is gone.
async fn forget(bed: &Bed) -> Vec<Id> {
    let piece = |tx: &mut dyn Tx| {
        let mut gone = Vec::new();
        for first in retention::candidates(tx, before(), None, 100)? {
            if retention::take_away(tx, first, before())? {
                gone.push(first);
            }
        }
        Ok::<_, StoreError>(gone)
    };
    bed.write(piece).await.unwrap()
}

async fn are_there(bed: &Bed, executions: &[Id]) -> Vec<bool> {
    let mut there = Vec::new();
    for execution in executions.iter().copied() {
        there.push(bed.read(move |tx| executions::load(tx, execution)).await.is_ok());
    }
    there
}

async fn what_ended_before_goes_with_its_calls(bed: Bed) {
    let executions = [ended(&bed, old(), None).await, ended(&bed, young(), None).await, ended(&bed, None, None).await];
    let request =
        HttpRequest { method: "POST".into(), url: "https://a.example".into(), headers: Vec::new(), body: String::new(), auth: None };
    let call = Call {
        step: 1,
        request: Request::Http(request),
        attempts: 1,
        failures: 0,
        open: false,
        started_at: at(0),
        status: Some(200),
        answer: None,
        error: None,
    };
    for execution in executions {
        let (workspace, call) = (bed.workspace, call.clone());
        bed.write(move |tx| calls::put(tx, workspace, execution, &call)).await.unwrap();
    }
    assert_eq!(forget(&bed).await, executions[..1]);
    assert_eq!(are_there(&bed, &executions).await, [false, true, true]);
    assert_eq!(bed.number("SELECT count(*) FROM calls").await, 2);
    assert_eq!(forget(&bed).await, []);
}

/// Or a retry that has succeeded would be forgotten, and could be made again.
async fn an_execution_and_its_retries_go_together(bed: Bed) {
    for (last, goes) in [(old(), true), (young(), false), (None, false)] {
        let first = ended(&bed, old(), None).await;
        let family = [first, ended(&bed, old(), Some(first)).await, ended(&bed, last, Some(first)).await];
        assert_eq!(forget(&bed).await, if goes { vec![first] } else { Vec::new() });
        assert_eq!(are_there(&bed, &family).await, [!goes; 3]);
        bed.tamper("DELETE FROM executions").await;
    }
}

/// One that was cancelled while it waited for those before it.
async fn a_place_in_a_queue_is_kept(bed: Bed) {
    let task = bed.inserted().await.id;
    let waiting = bed.accept(task, 2, None).await;
    let ids: Vec<Id> = waiting.iter().map(|job| job.id).collect();
    bed.tamper("UPDATE executions SET status = 'Fail', errors = '[]', finished_at = 1").await;
    assert_eq!(forget(&bed).await, []);
    let claims = |tx: &mut dyn Tx| {
        let sql = "DELETE FROM jobs WHERE sequence = 1";
        Ok::<_, StoreError>((tx.execute(sql, &[])?, jobs::count(tx)?))
    };
    assert_eq!(bed.write(claims).await, Ok((1, 1)));
    assert_eq!(forget(&bed).await, ids[..1]);
    assert_eq!(are_there(&bed, &ids).await, [false, true]);
}

async fn pieces_follow_each_other(bed: Bed) {
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(ended(&bed, old(), None).await);
    }
    let piece = |after| {
        let bed = &bed;
        async move { bed.write(move |tx| retention::candidates(tx, before(), after, 2)).await.unwrap() }
    };
    assert_eq!(piece(None).await, all[..2]);
    assert_eq!(piece(Some(all[1])).await, all[2..4]);
    assert_eq!(piece(Some(all[3])).await, all[4..]);
}

async fn what_is_taken_away_can_not_be_held(bed: Bed) {
    let (gone, kept) = (ended(&bed, old(), None).await, ended(&bed, young(), None).await);
    assert_eq!(forget(&bed).await, [gone]);
    for (execution, held) in [(gone, false), (kept, true)] {
        assert_eq!(bed.write(move |tx| retention::hold(tx, execution)).await, Ok(held));
    }
}
