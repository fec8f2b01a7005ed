//! Workflows and the revisions of their definitions.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::value::fold;

use crate::{Dialect, Param, StoreError, Tx};

/// What a cache of compiled workflows and people must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub revision: i64,
    pub archived: bool,
    pub workspace_version: i64,
}

/// Until the transaction ends the definition stays as it is, for whoever writes a task by it. Taken before the head is read
/// and before any task is locked. SQLite has one writer. On PostgreSQL a row lock would write into the workflow's row with
/// every task.
pub fn share(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.send("SELECT pg_advisory_xact_lock_shared($1)", &[workflow.into()]),
    }
}

/// Until the transaction ends nobody writes a task by the definition that it is about to change. Taken before the head is
/// read and before any task is locked, but after [`people::hold`](super::people::hold).
pub fn hold(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.send("SELECT pg_advisory_xact_lock($1)", &[workflow.into()]),
    }
}

pub fn head(tx: &mut dyn Tx, workspace: Id, workflow: Id) -> Result<Option<Head>, StoreError> {
    let sql = "SELECT w.revision, w.archived_at, s.version FROM workflows w JOIN workspaces s ON s.id = w.workspace_id
        WHERE w.id = $1 AND w.workspace_id = $2";
    tx.query_one(sql, &[workflow.into(), workspace.into()], |row| {
        Ok(Head { revision: row.int(0)?, archived: row.opt_int(1)?.is_some(), workspace_version: row.int(2)? })
    })
}

pub fn document(tx: &mut dyn Tx, workflow: Id, revision: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT document FROM definitions WHERE workflow_id = $1 AND revision = $2";
    tx.query_one(sql, &[workflow.into(), revision.into()], |row| Ok(row.text(0)?.to_owned()))
}

#[derive(Clone, Copy, Debug)]
pub struct NewWorkflow<'a> {
    pub id: Id,
    pub workspace: Id,
    pub name: &'a str,
    pub document: &'a str,
    pub at: Timestamp,
    pub by: Actor,
}

/// A workflow with its first revision.
pub fn insert(tx: &mut dyn Tx, new: &NewWorkflow<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO workflows (id, workspace_id, name, name_key, revision, created_at, created_by_kind, created_by_id)
        VALUES ($1, $2, $3, $4, 1, $5, $6, $7)";
    let name_key = fold(new.name);
    let by = new.by;
    tx.execute(
        sql,
        &[new.id.into(), new.workspace.into(), new.name.into(), Param::Text(&name_key), new.at.into(), by.kind().into(), by.id().into()],
    )?;
    insert_document(tx, new.id, 1, new.document, new.at, by)
}

#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    pub id: Id,
    /// The revision that the new one follows.
    pub expected_revision: i64,
    pub name: &'a str,
    pub document: &'a str,
    pub at: Timestamp,
    pub by: Actor,
}

/// `false`: somebody else has saved in between, and nothing was changed.
pub fn save_revision(tx: &mut dyn Tx, new: &NewRevision<'_>) -> Result<bool, StoreError> {
    let sql = "UPDATE workflows SET revision = revision + 1, name = $1, name_key = $2 WHERE id = $3 AND revision = $4";
    let name_key = fold(new.name);
    let params = [new.name.into(), Param::Text(&name_key), new.id.into(), new.expected_revision.into()];
    if tx.execute(sql, &params)? == 0 {
        return Ok(false);
    }
    insert_document(tx, new.id, new.expected_revision + 1, new.document, new.at, new.by)?;
    Ok(true)
}

/// `None`: no longer archived.
pub fn set_archived(tx: &mut dyn Tx, workflow: Id, at: Option<Timestamp>) -> Result<(), StoreError> {
    tx.send("UPDATE workflows SET archived_at = $1 WHERE id = $2", &[at.into(), workflow.into()])
}

fn insert_document(tx: &mut dyn Tx, workflow: Id, revision: i64, document: &str, at: Timestamp, by: Actor) -> Result<(), StoreError> {
    let sql = "INSERT INTO definitions (workflow_id, revision, document, created_at, created_by_kind, created_by_id)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, &[workflow.into(), revision.into(), document.into(), at.into(), by.kind().into(), by.id().into()])?;
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRow {
    pub id: Id,
    pub name: String,
    pub revision: i64,
    pub archived: bool,
}

/// In the order made; archived ones only when asked for.
pub fn list(tx: &mut dyn Tx, workspace: Id, archived: bool) -> Result<Vec<WorkflowRow>, StoreError> {
    let sql = "SELECT id, name, revision, archived_at FROM workflows
        WHERE workspace_id = $1 AND (archived_at IS NULL OR $2 = 1) ORDER BY id";
    tx.query(sql, &[workspace.into(), archived.into()], |row| {
        let archived = row.opt_int(3)?.is_some();
        Ok(WorkflowRow { id: row.id(0)?, name: row.text(1)?.to_owned(), revision: row.int(2)?, archived })
    })
}

/// The workflow of that name, compared without case.
pub fn id_of_name(tx: &mut dyn Tx, workspace: Id, name: &str) -> Result<Option<Id>, StoreError> {
    let sql = "SELECT id FROM workflows WHERE workspace_id = $1 AND name_key = $2";
    tx.query_one(sql, &[workspace.into(), Param::Text(&fold(name))], |row| row.id(0))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionRow {
    pub revision: i64,
    pub created_at: Timestamp,
    pub created_by: Actor,
}

/// Newest first.
pub fn revisions(tx: &mut dyn Tx, workflow: Id) -> Result<Vec<RevisionRow>, StoreError> {
    let sql = "SELECT revision, created_at, created_by_kind, created_by_id FROM definitions
        WHERE workflow_id = $1 ORDER BY revision DESC";
    tx.query(sql, &[workflow.into()], |row| Ok(RevisionRow { revision: row.int(0)?, created_at: row.time(1)?, created_by: row.actor(2)? }))
}
