//! What all nodes of a store must agree on. The first one says it.

use crate::{StoreError, Tx};

/// Which master key seals the secrets, by its id.
pub const MASTER_KEY: &str = "master_key";

pub fn get(tx: &mut dyn Tx, name: &str) -> Result<Option<String>, StoreError> {
    tx.query_one("SELECT value FROM agreements WHERE name = $1", &[name.into()], |row| Ok(row.text(0)?.to_owned()))
}

/// What holds from now on: what was said before, or else this.
pub fn agree(tx: &mut dyn Tx, name: &str, value: &str) -> Result<String, StoreError> {
    let sql = "INSERT INTO agreements (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, &[name.into(), value.into()])?;
    get(tx, name)?.ok_or_else(|| StoreError::Sql(format!("nothing is agreed on {name}")))
}
