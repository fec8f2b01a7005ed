//! The history of a task, and the check of the whole history.

use std::collections::HashMap;

use baton_core::ids::Id;
use baton_store::sql::activity;
pub use baton_store::sql::activity::{ActivityRow, Verified};
use baton_store::sql::keys;

use crate::cx::{Cx, Found, Outcome};

/// Rows with what it takes to show them.
pub struct History {
    pub found: Found,
    pub rows: Vec<ActivityRow>,
    pub key_names: KeyNames,
}

/// API keys of the workspace by id, revoked ones too.
pub type KeyNames = HashMap<Id, String>;

/// Oldest first; rows show at once, sealed or not.
pub fn of_task(cx: &mut Cx<'_>, workflow: &str, task: &str, after: Option<(i64, Id)>, limit: usize) -> Outcome<History> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let rows = activity::of_task(cx.tx, cx.caller.workspace, loaded.task.id, after, limit)?;
    let key_names = key_names(cx)?;
    Ok(History { found, rows, key_names })
}

pub(super) fn key_names(cx: &mut Cx<'_>) -> Outcome<KeyNames> {
    let keys = keys::list(cx.tx, cx.caller.workspace)?;
    Ok(keys.into_iter().map(|key| (key.id, key.name)).collect())
}

/// Walks the chain of the caller's workspace.
pub fn verify(cx: &mut Cx<'_>) -> Outcome<Verified> {
    Ok(activity::verify(cx.tx, cx.caller.workspace)?)
}
