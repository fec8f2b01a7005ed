//! Executions: stored as accepted, ended once.

use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status};
use baton_store::StoreError;
use baton_store::sql::executions;

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(
    an_execution_comes_back_as_it_was_stored,
    status_never_goes_backwards,
    only_its_own_workflow_knows_it,
    the_last_retry_is_the_one_accepted_last
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
    let errors = vec!["Name is required".to_owned(), "\"quoted\" \\ \u{1F989}".to_owned()];
    let ends = [Status::Pending, Status::Success { finished_at: at(9) }, Status::Fail { finished_at: at(9), errors }];
    for (status, performer) in ends.into_iter().zip([Actor::Operator, Actor::User(id(6)), Actor::ApiKey(id(7))]) {
        let execution = Execution { performer, request: None, ..bed.execution(id(50), 1) };
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
    let failed = Status::Fail { finished_at: at(10), errors: vec!["x".to_owned()] };
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

/// Whatever the ids say: they come from the clocks of the nodes.
async fn the_last_retry_is_the_one_accepted_last(bed: Bed) {
    let first = Execution { id: id(70), ..bed.execution(id(50), 1) };
    let retry = |number: i64, sequence: i64| Execution { id: id(number), retry_of: Some(first.id), sequence, ..first.clone() };
    for execution in [first.clone(), retry(90, 2), retry(60, 3)] {
        insert(&bed, &execution).await;
    }
    let last = bed.read(move |tx| executions::last_retry(tx, first.id)).await.unwrap();
    assert_eq!(last.map(|last| last.id), Some(id(60)));
}
