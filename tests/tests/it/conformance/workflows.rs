//! Workflows and their revisions.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_store::StoreError;
use baton_store::sql::workflows::{self, Head, NewRevision, NewWorkflow, RevisionRow, WorkflowRow};

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(every_save_is_a_revision, a_save_over_anothers_is_refused, names_are_unique_without_case, lists_leave_out_what_is_archived);

async fn save(bed: &Bed, expected_revision: i64, name: &'static str, document: &'static str) -> Result<bool, StoreError> {
    let workflow = bed.workflow;
    bed.write(move |tx| {
        let by = Actor::User(id(6));
        workflows::save_revision(tx, &NewRevision { id: workflow, expected_revision, name, document, at: at(expected_revision), by })
    })
    .await
}

async fn document(bed: &Bed, revision: i64) -> Option<String> {
    let workflow = bed.workflow;
    bed.read(move |tx| workflows::document(tx, workflow, revision)).await.unwrap()
}

async fn head(bed: &Bed, workspace: Id) -> Option<Head> {
    let workflow = bed.workflow;
    bed.read(move |tx| workflows::head(tx, workspace, workflow)).await.unwrap()
}

async fn every_save_is_a_revision(bed: Bed) {
    assert_eq!(save(&bed, 1, "Owls", "{\"a\":1}").await, Ok(true));
    assert_eq!(save(&bed, 2, "Night owls", "{\"a\":2}").await, Ok(true));
    assert_eq!(head(&bed, bed.workspace).await, Some(Head { revision: 3, archived: false, workspace_version: 1 }));
    assert_eq!(head(&bed, id(99)).await, None);
    let documents = [document(&bed, 1).await, document(&bed, 2).await, document(&bed, 3).await, document(&bed, 4).await];
    assert_eq!(documents, [Some("{}".into()), Some("{\"a\":1}".into()), Some("{\"a\":2}".into()), None]);
    let workflow = bed.workflow;
    let row = |revision: i64, by: Actor| RevisionRow { revision, created_at: at((revision - 1).max(0)), created_by: by };
    let expected = vec![row(3, Actor::User(id(6))), row(2, Actor::User(id(6))), row(1, Actor::Operator)];
    assert_eq!(bed.read(move |tx| workflows::revisions(tx, workflow)).await, Ok(expected));
}

async fn a_save_over_anothers_is_refused(bed: Bed) {
    for expected in [0, 2] {
        assert_eq!(save(&bed, expected, "Owls", "{\"lost\":1}").await, Ok(false));
    }
    assert_eq!((document(&bed, 1).await, document(&bed, 2).await), (Some("{}".into()), None));
}

async fn names_are_unique_without_case(bed: Bed) {
    let workspace = bed.workspace;
    for (name, known) in [("Owls", true), ("oWLS", true), ("Owl", false)] {
        let found = bed.read(move |tx| workflows::id_of_name(tx, workspace, name)).await.unwrap();
        assert_eq!(found.is_some(), known, "{name}");
    }
    let (another, new) =
        (bed.fresh(), NewWorkflow { id: bed.fresh(), workspace, name: "OWLS", document: "{}", at: at(0), by: Actor::Operator });
    let taken = bed.write(move |tx| workflows::insert(tx, &new)).await;
    assert_eq!(taken, Err(StoreError::Duplicate { constraint: "workflows_name".to_owned() }));
    let elsewhere = NewWorkflow { id: another, workspace: id(99), ..new };
    assert_eq!(bed.write(move |tx| workflows::insert(tx, &elsewhere)).await, Ok(()));
}

async fn lists_leave_out_what_is_archived(bed: Bed) {
    let (workspace, second) = (bed.workspace, bed.fresh());
    bed.write(move |tx| {
        workflows::insert(tx, &NewWorkflow { id: second, workspace, name: "Bats", document: "{}", at: at(0), by: Actor::Operator })
    })
    .await
    .unwrap();
    bed.tamper("UPDATE workflows SET archived_at = 5 WHERE id = 2").await;
    let row = |id: Id, name: &str, archived: bool| WorkflowRow { id, name: name.to_owned(), revision: 1, archived };
    let list = |archived: bool| bed.read(move |tx| workflows::list(tx, workspace, archived));
    assert_eq!(list(false).await, Ok(vec![row(second, "Bats", false)]));
    assert_eq!(list(true).await, Ok(vec![row(bed.workflow, "Owls", true), row(second, "Bats", false)]));
    assert!(head(&bed, workspace).await.unwrap().archived);
}
