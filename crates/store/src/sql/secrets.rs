//! Secrets of a workspace, sealed before they come here.

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{StoreError, Tx};

pub fn sealed(tx: &mut dyn Tx, workspace: Id, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT sealed FROM secrets WHERE workspace_id = $1 AND name = $2";
    tx.query_one(sql, &[workspace.into(), name.into()], |row| Ok(row.bytes(0)?.to_vec()))
}

/// What may be told of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    pub name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// By name.
pub fn list(tx: &mut dyn Tx, workspace: Id) -> Result<Vec<SecretRow>, StoreError> {
    let sql = "SELECT name, created_at, updated_at FROM secrets WHERE workspace_id = $1 ORDER BY name";
    tx.query(sql, &[workspace.into()], |row| {
        Ok(SecretRow { name: row.text(0)?.to_owned(), created_at: row.time(1)?, updated_at: row.time(2)? })
    })
}

/// New or changed.
pub fn set(tx: &mut dyn Tx, workspace: Id, name: &str, sealed: &[u8], at: Timestamp) -> Result<SecretRow, StoreError> {
    let sql = "INSERT INTO secrets (workspace_id, name, sealed, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (workspace_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at RETURNING created_at";
    let params = [workspace.into(), name.into(), sealed.into(), at.into()];
    let created_at = tx.query_one(sql, &params, |row| row.time(0))?;
    let created_at = created_at.ok_or_else(|| StoreError::Sql(format!("secret {name} was not set")))?;
    Ok(SecretRow { name: name.to_owned(), created_at, updated_at: at })
}

/// `false`: there was none.
pub fn delete(tx: &mut dyn Tx, workspace: Id, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM secrets WHERE workspace_id = $1 AND name = $2", &[workspace.into(), name.into()])? > 0)
}
