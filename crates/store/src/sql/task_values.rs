//! The side table of what can be filtered: one row for each key of a task's value.

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::{FilterKey, possible_sort_keys};

use crate::{Param, StoreError, Tx};

pub(super) fn insert(tx: &mut dyn Tx, workflow: Id, task: Id, keys: &[FilterKey]) -> Result<(), StoreError> {
    let sql = "INSERT INTO task_values (workflow_id, field_id, sort_key, task_id, exact_key) VALUES ($1, $2, $3, $4, $5)";
    for key in keys {
        let exact = Some(key.exact.as_str()).filter(|exact| *exact != key.sort);
        let params = [workflow.into(), key.field.into(), Param::Text(&key.sort), task.into(), exact.into()];
        tx.send(sql, &params)?;
    }
    Ok(())
}

/// What stays the same is not touched.
pub(super) fn replace(tx: &mut dyn Tx, workflow: Id, task: Id, removed: &[FilterKey], added: &[FilterKey]) -> Result<(), StoreError> {
    for key in removed.iter().filter(|key| !added.contains(key)) {
        delete_key(tx, workflow, task, key.field, &key.sort)?;
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
        for sort in possible_sort_keys(value) {
            delete_key(tx, task.workflow, task.id, *field, &sort)?;
        }
    }
    Ok(())
}

fn delete_key(tx: &mut dyn Tx, workflow: Id, task: Id, field: Id, sort: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND sort_key = $3 AND task_id = $4";
    tx.send(sql, &[workflow.into(), field.into(), sort.into(), task.into()])
}

/// Tasks that have a value in a field. Every value that is not blank has a key, save files.
pub(super) fn count_of_field(tx: &mut dyn Tx, workflow: Id, field: Id) -> Result<i64, StoreError> {
    let sql = "SELECT count(DISTINCT task_id) FROM task_values WHERE workflow_id = $1 AND field_id = $2";
    Ok(tx.query_one(sql, &[workflow.into(), field.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Tasks that have an option in a field.
pub(super) fn count_of_option(tx: &mut dyn Tx, workflow: Id, field: Id, option: Id) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND sort_key = $3";
    let key = option.to_string();
    Ok(tx.query_one(sql, &[workflow.into(), field.into(), Param::Text(&key)], |row| row.int(0))?.unwrap_or(0))
}
