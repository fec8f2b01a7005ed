//! Tasks with their values, and what hangs on them.

use std::collections::BTreeMap;

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::{FilterKey, Value};

use super::query::Query;
use super::row::to_json;
use super::{activity, checklist, comments, search, task_counts, task_values, timers};
use crate::{Dialect, Param, Row, StoreError, Tx};

/// A task with what every decision about it needs, read in one look-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub task: Task,
    /// Of the workflow's definition.
    pub revision: i64,
    pub archived: bool,
    pub workspace_version: i64,
    /// The greatest sequence given to an execution of this task.
    pub last_sequence: i64,
    /// Executions that are not finished.
    pub waiting: i64,
    /// Timers that end when it leaves its stage.
    pub timers: i64,
}

/// The task with this Unique ID, or else with this public id. With `lock` it stays as it is until the transaction ends.
pub fn find(tx: &mut dyn Tx, workspace: Id, workflow: Id, text: &str, lock: bool) -> Result<Option<Loaded>, StoreError> {
    let public_id: Param<'_> = text.parse::<Id>().ok().into();
    if lock && tx.dialect() == Dialect::Postgres {
        let sql = "SELECT 1 FROM tasks WHERE id = coalesce(
            (SELECT id FROM tasks WHERE workflow_id = $1 AND unique_key = $2), $3)
                AND workflow_id = $1 AND workspace_id = $4 FOR NO KEY UPDATE";
        tx.send(sql, &[workflow.into(), text.into(), public_id, workspace.into()])?;
    }
    let sql = "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at,
            t.created_by_kind, t.created_by_id, t.performers, t.field_values, w.revision, w.archived_at, s.version,
            t.finished_sequence, (SELECT max(j.sequence) FROM jobs j WHERE j.task_id = t.id), t.timers
        FROM tasks t JOIN workflows w ON w.id = t.workflow_id JOIN workspaces s ON s.id = t.workspace_id
        WHERE t.id = coalesce((SELECT u.id FROM tasks u WHERE u.workflow_id = $1 AND u.unique_key = $2), $3)
            AND t.workflow_id = $1 AND t.workspace_id = $4";
    tx.query_one(sql, &[workflow.into(), text.into(), public_id, workspace.into()], read_loaded)
}

/// The task with this id.
pub fn load(tx: &mut dyn Tx, workspace: Id, workflow: Id, id: Id, lock: bool) -> Result<Option<Loaded>, StoreError> {
    if lock {
        lock_row(tx, id)?;
    }
    let sql = "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at,
            t.created_by_kind, t.created_by_id, t.performers, t.field_values, w.revision, w.archived_at, s.version,
            t.finished_sequence, (SELECT max(j.sequence) FROM jobs j WHERE j.task_id = t.id), t.timers
        FROM tasks t JOIN workflows w ON w.id = t.workflow_id JOIN workspaces s ON s.id = t.workspace_id
        WHERE t.id = $1 AND t.workflow_id = $2 AND t.workspace_id = $3";
    tx.query_one(sql, &[id.into(), workflow.into(), workspace.into()], read_loaded)
}

/// On PostgreSQL the lock is a statement of its own, for only the next one sees all that was committed while it waited:
/// the task, its queue, the workflow. SQLite has one writer.
fn lock_row(tx: &mut dyn Tx, id: Id) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.send("SELECT 1 FROM tasks WHERE id = $1 FOR NO KEY UPDATE", &[id.into()]),
    }
}

/// Those of the tasks with these Unique IDs that there are, locked.
pub fn of_unique_ids(
    tx: &mut dyn Tx,
    workspace: Id,
    workflow: Id,
    unique_ids: &[impl AsRef<str>],
) -> Result<Vec<(String, Loaded)>, StoreError> {
    let Some(last) = unique_ids.last() else { return Ok(Vec::new()) };
    lock_all(tx, workspace, workflow, unique_ids)?;
    let mut query = Query::new(
        "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at,
            t.created_by_kind, t.created_by_id, t.performers, t.field_values, w.revision, w.archived_at, s.version,
            t.finished_sequence, (SELECT max(j.sequence) FROM jobs j WHERE j.task_id = t.id), t.timers, t.unique_key
        FROM tasks t JOIN workflows w ON w.id = t.workflow_id JOIN workspaces s ON s.id = t.workspace_id
        WHERE t.workspace_id = ",
    );
    query.param(workspace);
    query.text(" AND t.workflow_id = ");
    query.param(workflow);
    query.text(" AND t.unique_key IN ");
    let padded = unique_ids.iter().chain(std::iter::repeat(last)).take(unique_ids.len().next_power_of_two());
    query.list(padded.map(|unique_id| Param::Text(unique_id.as_ref())));
    tx.query(&query.sql, &query.params, |row| Ok((row.text(17)?.to_owned(), read_loaded(row)?)))
}

/// Before many are locked one by one: all of these, in the one order that everybody takes, so that nobody waits for each other in a circle.
/// A text is a Unique ID or a public id.
pub fn lock_all(tx: &mut dyn Tx, workspace: Id, workflow: Id, texts: &[impl AsRef<str>]) -> Result<(), StoreError> {
    let (Dialect::Postgres, Some(last)) = (tx.dialect(), texts.last()) else { return Ok(()) };
    let mut query = Query::new("SELECT id FROM tasks WHERE workspace_id = ");
    query.param(workspace);
    query.text(" AND workflow_id = ");
    query.param(workflow);
    query.text(" AND (unique_key IN ");
    // Of few lengths, since each is a statement to be prepared.
    let padded = || texts.iter().chain(std::iter::repeat(last)).take(texts.len().next_power_of_two()).map(AsRef::as_ref);
    query.list(padded().map(Param::Text));
    query.text(" OR id IN ");
    query.list(padded().map(|text| text.parse::<Id>().ok().into()));
    query.text(") ORDER BY id FOR NO KEY UPDATE");
    tx.rows(&query.sql, &query.params, &mut |_| Ok(()))
}

fn read_loaded(row: &dyn Row) -> Result<Loaded, StoreError> {
    let finished = row.int(14)?;
    let last_sequence = row.opt_int(15)?.map_or(finished, |last| last.max(finished));
    Ok(Loaded {
        task: read_task(row)?,
        revision: row.int(11)?,
        archived: row.opt_int(12)?.is_some(),
        workspace_version: row.int(13)?,
        last_sequence,
        waiting: last_sequence - finished,
        timers: row.int(16)?,
    })
}

/// The first eleven columns.
pub(super) fn read_task(row: &dyn Row) -> Result<Task, StoreError> {
    read_task_with(row, row.json(10)?)
}

/// The first ten columns, and values that are read otherwise.
pub(crate) fn read_task_with(row: &dyn Row, values: BTreeMap<Id, Value>) -> Result<Task, StoreError> {
    Ok(Task {
        id: row.id(0)?,
        workflow: row.id(1)?,
        stage: row.id(2)?,
        assignee: row.opt_id(3)?,
        version: row.int(4)?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
        created_by: row.actor(7)?,
        performers: row.json(9)?,
        values,
    })
}

/// Whether somebody else has given a task the same Unique ID meanwhile: whoever looks again finds it.
pub fn is_unique_id_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Duplicate { constraint } if constraint == "tasks_unique_key")
}

/// The task that has this Unique ID; public ids do not count.
pub fn id_of_unique(tx: &mut dyn Tx, workflow: Id, unique_id: &str) -> Result<Option<Id>, StoreError> {
    let sql = "SELECT id FROM tasks WHERE workflow_id = $1 AND unique_key = $2";
    tx.query_one(sql, &[workflow.into(), unique_id.into()], |row| row.id(0))
}

pub fn insert(
    tx: &mut dyn Tx,
    workspace: Id,
    task: &Task,
    unique_key: Option<&str>,
    active: bool,
    keys: &[FilterKey],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO tasks (id, workspace_id, workflow_id, stage_id, assignee_id, active, version, unique_key, created_at,
            updated_at, created_by_kind, created_by_id, finished_sequence, performers, field_values)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14)";
    let (performers, values) = (to_json(&task.performers), to_json(&task.values));
    let params = [
        task.id.into(),
        workspace.into(),
        task.workflow.into(),
        task.stage.into(),
        task.assignee.into(),
        active.into(),
        task.version.into(),
        unique_key.into(),
        task.created_at.into(),
        task.updated_at.into(),
        task.created_by.kind().into(),
        task.created_by.id().into(),
        Param::Text(&performers),
        Param::Text(&values),
    ];
    tx.send(sql, &params)?;
    task_counts::add(tx, task)?;
    search::note_new(tx, task)?;
    task_values::insert(tx, task.workflow, task.id, keys)
}

/// A change of a task that was loaded with its lock.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// As it was loaded.
    pub before: &'a Task,
    /// As it will be.
    pub task: &'a Task,
    pub unique_key: Option<&'a str>,
    pub active: bool,
    /// Keys of the values that were, and of those that are instead.
    pub removed: &'a [FilterKey],
    pub added: &'a [FilterKey],
    /// The sequence of the execution that ends with this change.
    pub finished_sequence: Option<i64>,
}

pub fn update(tx: &mut dyn Tx, workspace: Id, update: &Update<'_>) -> Result<(), StoreError> {
    let (before, task) = (update.before, update.task);
    let sql = "UPDATE tasks SET stage_id = $1, assignee_id = $2, active = $3, version = $4, unique_key = $5, updated_at = $6,
            finished_sequence = coalesce($7, finished_sequence), performers = $8, field_values = $9
        WHERE id = $10 AND workspace_id = $11 AND version = $12";
    let (performers, values) = (to_json(&task.performers), to_json(&task.values));
    let params = [
        task.stage.into(),
        task.assignee.into(),
        update.active.into(),
        task.version.into(),
        update.unique_key.into(),
        task.updated_at.into(),
        update.finished_sequence.into(),
        Param::Text(&performers),
        Param::Text(&values),
        task.id.into(),
        workspace.into(),
        before.version.into(),
    ];
    let moved_on = format!("task {} is no longer at version {}", task.id, before.version);
    tx.send_one(sql, &params, StoreError::Sql(moved_on))?;
    task_counts::shift(tx, before, task)?;
    search::note_change(tx, before, task)?;
    task_values::replace(tx, task.workflow, task.id, update.removed, update.added)
}

/// An execution has ended that leaves the task as it was.
pub fn finish_sequence(tx: &mut dyn Tx, task: Id, sequence: i64) -> Result<(), StoreError> {
    tx.send("UPDATE tasks SET finished_sequence = $1 WHERE id = $2", &[sequence.into(), task.into()])
}

/// The same under the lock of the task, but without reading what is stored in it. Answers with its version, or 0 where it is gone.
pub fn end_sequence(tx: &mut dyn Tx, task: Id, sequence: i64) -> Result<i64, StoreError> {
    lock_row(tx, task)?;
    let sql = "UPDATE tasks SET finished_sequence = $1 WHERE id = $2 RETURNING version";
    Ok(tx.query_one(sql, &[sequence.into(), task.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Deletes a task with all that hangs on it, and the values in its history. `false`: there is none.
pub fn delete(tx: &mut dyn Tx, workspace: Id, workflow: Id, task: Id) -> Result<bool, StoreError> {
    let Some(loaded) = load(tx, workspace, workflow, task, true)? else { return Ok(false) };
    remove(tx, &loaded.task)?;
    Ok(true)
}

/// The same for a task that is there, and locked.
pub(super) fn remove(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    tx.send("DELETE FROM tasks WHERE id = $1", &[task.id.into()])?;
    task_counts::take_away(tx, task)?;
    search::note_removed(tx, task)?;
    task_values::delete_of_task(tx, task)?;
    comments::delete_of_task(tx, task.id)?;
    checklist::delete_of_task(tx, task.id)?;
    timers::delete_of_task(tx, task.id)?;
    activity::erase_task(tx, task.id)
}

/// The active tasks that a user has in a workflow, each locked.
pub fn active_of(tx: &mut dyn Tx, workspace: Id, workflow: Id, user: Id) -> Result<Vec<Loaded>, StoreError> {
    // In the order of ids, so that two who lock many never wait for each other in a circle.
    let sql = "SELECT id FROM tasks WHERE workflow_id = $1 AND assignee_id = $2 AND active = 1 ORDER BY id";
    let ids = tx.query(sql, &[workflow.into(), user.into()], |row| row.id(0))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        // Under the lock it may have gone to somebody else.
        found.extend(load(tx, workspace, workflow, id, true)?.filter(|loaded| loaded.task.assignee == Some(user)));
    }
    Ok(found)
}

/// The first of the next `count` numbers of an autoincrement Unique ID; no number is given twice, also after its task was deleted.
pub fn next_unique_numbers(tx: &mut dyn Tx, workflow: Id, count: i64) -> Result<i64, StoreError> {
    let sql = "INSERT INTO unique_numbers (workflow_id, last) VALUES ($1, $2)
        ON CONFLICT (workflow_id) DO UPDATE SET last = unique_numbers.last + excluded.last RETURNING last";
    let last = tx.query_one(sql, &[workflow.into(), count.into()], |row| row.int(0))?;
    Ok(last.ok_or_else(|| StoreError::Sql(format!("workflow {workflow} got no number")))? - count + 1)
}

pub fn count_with_field(tx: &mut dyn Tx, workflow: Id, field: Id) -> Result<i64, StoreError> {
    task_values::count_of_field(tx, workflow, field)
}

pub fn count_with_option(tx: &mut dyn Tx, workflow: Id, field: Id, option: Id) -> Result<i64, StoreError> {
    task_values::count_of_option(tx, workflow, field, option)
}

/// A stage has become an end, or has stopped being one.
pub fn set_active_in_stage(tx: &mut dyn Tx, workflow: Id, stage: Id, active: bool) -> Result<(), StoreError> {
    let sql = "UPDATE tasks SET active = $1 WHERE workflow_id = $2 AND stage_id = $3";
    tx.execute(sql, &[active.into(), workflow.into(), stage.into()])?;
    Ok(())
}
