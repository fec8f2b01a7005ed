//! Comments on tasks.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: Id,
    pub author: Actor,
    pub body: String,
    pub at: Timestamp,
}

pub fn insert(tx: &mut dyn Tx, workspace: Id, task: Id, comment: &Comment) -> Result<(), StoreError> {
    let sql = "INSERT INTO comments (id, workspace_id, task_id, author_kind, author_id, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        comment.id.into(),
        workspace.into(),
        task.into(),
        comment.author.kind().into(),
        comment.author.id().into(),
        comment.body.as_str().into(),
        comment.at.into(),
    ];
    tx.send(sql, &params)
}

/// Oldest first.
pub fn of_task(tx: &mut dyn Tx, task: Id) -> Result<Vec<Comment>, StoreError> {
    let sql = "SELECT id, author_kind, author_id, body, created_at FROM comments WHERE task_id = $1 ORDER BY id";
    tx.query(sql, &[task.into()], |row| {
        Ok(Comment { id: row.id(0)?, author: row.actor(1)?, body: row.text(3)?.to_owned(), at: row.time(4)? })
    })
}

pub(super) fn delete_of_task(tx: &mut dyn Tx, task: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM comments WHERE task_id = $1", &[task.into()])
}
