//! API keys, kept as hashes.

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use super::row::to_json;
use crate::{Row, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    pub id: Id,
    pub workspace: Id,
    pub name: String,
    pub created_by: Option<Id>,
    pub read_only: bool,
    /// The workflows that the key is narrowed to.
    pub workflows: Option<Vec<Id>>,
    /// The name of the role that the key is narrowed to.
    pub role: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

pub fn by_hash(tx: &mut dyn Tx, hash: &[u8]) -> Result<Option<KeyRow>, StoreError> {
    let sql = "SELECT id, workspace_id, name, created_by, read_only, workflows, role, expires_at, revoked_at, created_at
        FROM api_keys WHERE hash = $1";
    tx.query_one(sql, &[hash.into()], read)
}

/// One that its holder has shown before.
pub fn by_id(tx: &mut dyn Tx, workspace: Id, key: Id) -> Result<Option<KeyRow>, StoreError> {
    let sql = "SELECT id, workspace_id, name, created_by, read_only, workflows, role, expires_at, revoked_at, created_at
        FROM api_keys WHERE id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[key.into(), workspace.into()], read)
}

fn read(row: &dyn Row) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        id: row.id(0)?,
        workspace: row.id(1)?,
        name: row.text(2)?.to_owned(),
        created_by: row.opt_id(3)?,
        read_only: row.bool(4)?,
        workflows: row.opt_text(5)?.is_some().then(|| row.json(5)).transpose()?,
        role: row.opt_text(6)?.map(str::to_owned),
        expires_at: row.opt_time(7)?,
        revoked_at: row.opt_time(8)?,
        created_at: row.time(9)?,
    })
}

pub fn insert(tx: &mut dyn Tx, key: &KeyRow, hash: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO api_keys (id, workspace_id, name, hash, created_by, read_only, workflows, role, expires_at,
            revoked_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let workflows = key.workflows.as_ref().map(to_json);
    let params = [
        key.id.into(),
        key.workspace.into(),
        key.name.as_str().into(),
        hash.into(),
        key.created_by.into(),
        key.read_only.into(),
        workflows.as_deref().into(),
        key.role.as_deref().into(),
        key.expires_at.into(),
        key.revoked_at.into(),
        key.created_at.into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// In the order made, revoked ones too.
pub fn list(tx: &mut dyn Tx, workspace: Id) -> Result<Vec<KeyRow>, StoreError> {
    let sql = "SELECT id, workspace_id, name, created_by, read_only, workflows, role, expires_at, revoked_at, created_at
        FROM api_keys WHERE workspace_id = $1 ORDER BY id";
    tx.query(sql, &[workspace.into()], read)
}

/// `false`: there is no such key, or it was revoked before.
pub fn revoke(tx: &mut dyn Tx, workspace: Id, key: Id, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND workspace_id = $3 AND revoked_at IS NULL";
    Ok(tx.execute(sql, &[now.into(), key.into(), workspace.into()])? == 1)
}

/// The user who made the key, or in whose name it was made.
pub fn created_by(tx: &mut dyn Tx, key: Id) -> Result<Option<Id>, StoreError> {
    let found = tx.query_one("SELECT created_by FROM api_keys WHERE id = $1", &[key.into()], |row| row.opt_id(0))?;
    Ok(found.flatten())
}
