//! What is stored of a task's checklist: the state of the template's items, and the task's own.

use baton_core::checklist::{ItemStatus, OwnItem, StoredItem};
use baton_core::ids::Id;

use crate::{StoreError, Tx};

/// In the order made.
pub fn stored(tx: &mut dyn Tx, task: Id) -> Result<Vec<StoredItem>, StoreError> {
    let sql = "SELECT item_id, status, assignee_id, stage_id, title FROM checklist_items WHERE task_id = $1 ORDER BY item_id";
    tx.query(sql, &[task.into()], |row| {
        let own = match (row.opt_id(3)?, row.opt_text(4)?) {
            (Some(stage), Some(title)) => Some(OwnItem { stage, title: title.to_owned() }),
            _ => None,
        };
        let status = row.named(1, "a status", ItemStatus::named)?;
        Ok(StoredItem { id: row.id(0)?, status, assignee: row.opt_id(2)?, own })
    })
}

pub fn upsert(tx: &mut dyn Tx, workspace: Id, task: Id, item: &StoredItem) -> Result<(), StoreError> {
    let sql = "INSERT INTO checklist_items (task_id, item_id, workspace_id, status, assignee_id, stage_id, title)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (task_id, item_id) DO UPDATE SET status = excluded.status, assignee_id = excluded.assignee_id,
            stage_id = excluded.stage_id, title = excluded.title";
    let own = item.own.as_ref();
    let params = [
        task.into(),
        item.id.into(),
        workspace.into(),
        item.status.name().into(),
        item.assignee.into(),
        own.map(|own| own.stage).into(),
        own.map(|own| own.title.as_str()).into(),
    ];
    tx.send(sql, &params)
}

pub fn delete(tx: &mut dyn Tx, task: Id, item: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM checklist_items WHERE task_id = $1 AND item_id = $2", &[task.into(), item.into()])
}

pub(super) fn delete_of_task(tx: &mut dyn Tx, task: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM checklist_items WHERE task_id = $1", &[task.into()])
}
