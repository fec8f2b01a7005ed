//! Executions: stored as accepted, ended once.

use baton_core::activity::{Activity, Kind as ActivityKind};
use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status, StepRecord, StepStatus};
use baton_core::ids::Id;
use baton_core::told::Told;
use baton_store::StoreError;
use baton_store::sql::executions::{self, Filter, Listed, StatusIs};
use baton_store::sql::{activity, jobs};

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(
    an_execution_comes_back_as_it_was_stored,
    status_never_goes_backwards,
    only_its_own_workflow_knows_it,
    a_page_has_what_its_filter_asks_for,
    pages_have_all_once_while_more_come,
    the_last_retry_is_the_last_accepted,
    a_step_that_has_not_ended_is_where_it_stands,
);

async fn insert(bed: &Bed, execution: &Execution) {
    let execution = execution.clone();
    bed.write(move |tx| executions::insert(tx, &execution)).await.unwrap();
}

async fn end(bed: &Bed, execution: &Execution, status: Status) -> Result<(), StoreError> {
    let ended = Execution { status, ..execution.clone() };
    bed.write(move |tx| executions::finish(tx, &ended)).await
}

async fn get(bed: &Bed, execution: &Execution) -> Option<Execution> {
    let (workspace, workflow, id) = (bed.workspace, bed.workflow, execution.id);
    let found = bed.read(move |tx| executions::get(tx, workspace, workflow, id)).await.unwrap();
    let loaded = bed.read(move |tx| executions::load(tx, id)).await;
    assert_eq!(loaded.ok(), found);
    found
}

async fn an_execution_comes_back_as_it_was_stored(bed: Bed) {
    let errors = vec![Told::plain("Name is required"), Told::quoting("\"quoted\" \\ \u{1F989}", "bare")];
    let ends = [Status::Pending, Status::Success { finished_at: at(9) }, Status::Fail { finished_at: at(9), errors }];
    for (status, performer) in ends.into_iter().zip([Actor::Operator, Actor::User(id(6)), Actor::ApiKey(id(7))]) {
        let quoted_version = performer.id().map(Id::as_i64);
        let execution = Execution { performer, request: None, quoted_version, ..bed.execution(id(50), 1) };
        assert_eq!(get(&bed, &execution).await, None);
        insert(&bed, &execution).await;
        if status != Status::Pending {
            end(&bed, &execution, status.clone()).await.unwrap();
        }
        assert_eq!(get(&bed, &execution).await, Some(Execution { status, ..execution }));
    }
}

async fn status_never_goes_backwards(bed: Bed) {
    let execution = bed.execution(id(50), 1);
    assert!(end(&bed, &execution, Status::Success { finished_at: at(9) }).await.is_err());
    insert(&bed, &execution).await;
    assert!(end(&bed, &execution, Status::Pending).await.is_err());
    end(&bed, &execution, Status::Success { finished_at: at(9) }).await.unwrap();
    let failed = Status::Fail { finished_at: at(10), errors: vec![Told::plain("x")] };
    assert!(end(&bed, &execution, failed).await.is_err());
    assert_eq!(get(&bed, &execution).await.unwrap().status, Status::Success { finished_at: at(9) });
}

async fn only_its_own_workflow_knows_it(bed: Bed) {
    let execution = bed.execution(id(50), 1);
    insert(&bed, &execution).await;
    for (workspace, workflow) in [(id(99), bed.workflow), (bed.workspace, id(99))] {
        let id = execution.id;
        assert_eq!(bed.read(move |tx| executions::get(tx, workspace, workflow, id)).await, Ok(None));
    }
}

/// With its job and its start in the history, as it is accepted.
async fn accept(bed: &Bed, execution: &Execution) {
    let started = Activity { execution: Some(execution.id), ..bed.activity(ActivityKind::ExecutionStarted, Some(execution.task), 1) };
    let (id, workspace, task, sequence) = (execution.id, execution.workspace, execution.task, execution.sequence);
    let job = jobs::Job { id, workspace, task, sequence, ready: true, claim: None, starts: 0, due_at: None, takes: jobs::Takes::Worker };
    let execution = execution.clone();
    bed.write(move |tx| {
        executions::insert(tx, &execution)?;
        jobs::insert(tx, &job)?;
        activity::append(tx, std::slice::from_ref(&started))
    })
    .await
    .unwrap();
}

/// Its job goes with its end.
async fn end_with_job(bed: &Bed, execution: &Execution, status: Status) {
    end(bed, execution, status).await.unwrap();
    let id = execution.id;
    bed.write(move |tx| tx.execute("DELETE FROM jobs WHERE id = $1", &[id.into()])).await.unwrap();
}

async fn page(bed: &Bed, filter: Filter, before: Option<Id>, limit: usize) -> Vec<Listed> {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    bed.read(move |tx| executions::page(tx, workspace, workflow, filter, before, limit)).await.unwrap()
}

async fn a_page_has_what_its_filter_asks_for(bed: Bed) {
    let (one, other) = (id(50), id(51));
    let mut all = Vec::new();
    for (sequence, (task, action)) in [(one, 5), (other, 5), (one, 6), (one, 5), (other, 6)].into_iter().enumerate() {
        let execution = Execution { action: id(action), ..bed.execution(task, i64::try_from(sequence).unwrap() + 1) };
        accept(&bed, &execution).await;
        all.push(execution);
    }
    let errors = vec![Told::plain("Name is required")];
    end_with_job(&bed, &all[0], Status::Success { finished_at: at(9) }).await;
    end_with_job(&bed, &all[1], Status::Fail { finished_at: at(8), errors: errors.clone() }).await;
    // One that was cancelled while it waited keeps its place in the queue.
    end(&bed, &all[3], Status::Fail { finished_at: at(10), errors: errors.clone() }).await.unwrap();
    // Those of others are never among them.
    for (workspace, workflow) in [(id(99), bed.workflow), (bed.workspace, id(99))] {
        accept(&bed, &Execution { workspace, workflow, ..bed.execution(one, workspace.as_i64() * 100) }).await;
    }

    let places = |listed: Vec<Listed>| -> Vec<usize> {
        listed.iter().map(|row| all.iter().position(|execution| execution.id == row.id).expect("one of them")).collect()
    };
    let (task, action) = (Some(one), Some(id(5)));
    let status = |status| Filter { status: Some(status), ..Filter::default() };
    for (filter, expected) in [
        (Filter::default(), vec![4, 3, 2, 1, 0]),
        (Filter { task, ..Filter::default() }, vec![3, 2, 0]),
        (Filter { action, ..Filter::default() }, vec![3, 1, 0]),
        (status(StatusIs::Pending), vec![4, 2]),
        (status(StatusIs::Success), vec![0]),
        (status(StatusIs::Fail), vec![3, 1]),
        (Filter { task, ..status(StatusIs::Pending) }, vec![2]),
        (Filter { task, action, status: Some(StatusIs::Fail) }, vec![3]),
        (Filter { action, ..status(StatusIs::Pending) }, vec![]),
        (Filter { action, ..status(StatusIs::Fail) }, vec![3, 1]),
        (Filter { task: Some(id(52)), ..Filter::default() }, vec![]),
    ] {
        assert_eq!(places(page(&bed, filter, None, 200).await), expected, "{filter:?}");
        let rest = expected.iter().copied().filter(|place| *place < 3).collect::<Vec<_>>();
        assert_eq!(places(page(&bed, filter, Some(all[3].id), 200).await), rest, "{filter:?} before the fourth");
        let first = expected.iter().copied().take(1).collect::<Vec<_>>();
        assert_eq!(places(page(&bed, filter, None, 1).await), first, "one of {filter:?}");
    }
    let listed = page(&bed, status(StatusIs::Fail), None, 1).await.remove(0);
    let Execution { id, task, action, revision, performer, created_at, retry_of, .. } = all[3].clone();
    let ended = Status::Fail { finished_at: at(10), errors };
    assert_eq!(listed, Listed { id, task, action, revision, performer, created_at, status: ended, retry_of });
}

async fn pages_have_all_once_while_more_come(bed: Bed) {
    let task = id(50);
    let mut expected = Vec::new();
    for sequence in 1..=10 {
        let execution = bed.execution(task, sequence);
        accept(&bed, &execution).await;
        expected.insert(0, execution.id);
    }
    for filter in [
        Filter::default(),
        Filter { task: Some(task), ..Filter::default() },
        Filter { status: Some(StatusIs::Pending), ..Filter::default() },
    ] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let rows: Vec<Id> = page(&bed, filter, before, 3).await.iter().map(|row| row.id).collect();
            accept(&bed, &bed.execution(task, 11)).await;
            bed.tamper("DELETE FROM jobs WHERE sequence = 11").await;
            before = rows.last().copied();
            let ended = rows.len() < 3;
            seen.extend(rows);
            if ended {
                break;
            }
        }
        let newer = seen.iter().take_while(|id| **id != expected[0]).count();
        assert_eq!(seen[newer..], expected, "{filter:?}");
    }
}

async fn the_last_retry_is_the_last_accepted(bed: Bed) {
    let first = bed.execution(id(50), 1);
    insert(&bed, &first).await;
    let last = |bed: &Bed| {
        let (bed, of) = (bed.clone(), first.id);
        async move { bed.read(move |tx| executions::last_retry(tx, of)).await.unwrap().map(|found| found.id) }
    };
    assert_eq!(last(&bed).await, None);
    let (later, earlier) = (bed.fresh(), bed.fresh());
    // Clocks of two nodes differ, sequences do not.
    for (id, sequence) in [(earlier, 2), (later, 3)] {
        insert(&bed, &Execution { id, retry_of: Some(first.id), ..bed.execution(first.task, sequence) }).await;
        assert_eq!(last(&bed).await, Some(id));
    }
}

async fn a_step_that_has_not_ended_is_where_it_stands(bed: Bed) {
    for (steps, place) in [
        (vec![], 1),
        (vec![StepStatus::Running], 1),
        (vec![StepStatus::Success, StepStatus::Running], 2),
        (vec![StepStatus::Skipped, StepStatus::Pending], 2),
    ] {
        let steps = steps.into_iter().map(|status| StepRecord::new("api_call", status)).collect();
        let execution = Execution { steps, ..bed.execution(id(50), 1) };
        insert(&bed, &execution).await;
        let id = execution.id;
        assert_eq!(bed.read(move |tx| executions::position(tx, id)).await, Ok(place), "{:?}", execution.steps);
        assert_eq!(get(&bed, &execution).await, Some(execution));
    }
}
