//! Secrets of a workspace, sealed before they come here.

use baton_core::ids::Id;

use crate::{StoreError, Tx};

pub fn sealed(tx: &mut dyn Tx, workspace: Id, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT sealed FROM secrets WHERE workspace_id = $1 AND name = $2";
    tx.query_one(sql, &[workspace.into(), name.into()], |row| Ok(row.bytes(0)?.to_vec()))
}
