//! The side table of what can be filtered: one row for each key of a task's value.

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::{FilterKey, Value, exact_key};

use crate::{Param, StoreError, Tx};

pub(super) fn insert(tx: &mut dyn Tx, workflow: Id, task: Id, keys: &[FilterKey]) -> Result<(), StoreError> {
    let sql = "INSERT INTO task_values (workflow_id, field_id, exact_key, task_id, sort_key) VALUES ($1, $2, $3, $4, $5)";
    for key in keys {
        let params = [workflow.into(), key.field.into(), Param::Text(&key.exact), task.into(), Param::Text(&key.sort)];
        tx.send(sql, &params)?;
    }
    Ok(())
}

/// What stays the same is not touched.
pub(super) fn replace(tx: &mut dyn Tx, workflow: Id, task: Id, removed: &[FilterKey], added: &[FilterKey]) -> Result<(), StoreError> {
    for key in removed.iter().filter(|key| !added.contains(key)) {
        delete_key(tx, workflow, task, key.field, &key.exact)?;
    }
    if !removed.iter().any(|key| added.contains(key)) {
        return insert(tx, workflow, task, added);
    }
    let new: Vec<FilterKey> = added.iter().filter(|key| !removed.contains(key)).cloned().collect();
    insert(tx, workflow, task, &new)
}

/// Everything of a task. The keys follow from its values, so no index by task is kept for this.
pub(super) fn delete_of_task(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    for (field, value) in &task.values {
        match value {
            Value::Options(options) => {
                for option in options {
                    delete_key(tx, task.workflow, task.id, *field, &option.to_string())?;
                }
            }
            value => delete_key(tx, task.workflow, task.id, *field, &exact_key(value))?,
        }
    }
    Ok(())
}

fn delete_key(tx: &mut dyn Tx, workflow: Id, task: Id, field: Id, exact: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND exact_key = $3 AND task_id = $4";
    tx.send(sql, &[workflow.into(), field.into(), exact.into(), task.into()])
}

/// Tasks that have a value in a field. Every value that is not blank has a key, save files.
pub(super) fn count_of_field(tx: &mut dyn Tx, workflow: Id, field: Id) -> Result<i64, StoreError> {
    let sql = "SELECT count(DISTINCT task_id) FROM task_values WHERE workflow_id = $1 AND field_id = $2";
    Ok(tx.query_one(sql, &[workflow.into(), field.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Tasks that have exactly this key in a field.
pub(super) fn count_of_key(tx: &mut dyn Tx, workflow: Id, field: Id, exact: &str) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND exact_key = $3";
    Ok(tx.query_one(sql, &[workflow.into(), field.into(), exact.into()], |row| row.int(0))?.unwrap_or(0))
}
