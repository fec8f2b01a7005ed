//! API keys: made, listed and revoked by the operator.

use baton_core::activity::{Activity, Kind};
use baton_core::definition::{ADMINISTRATOR, COLLABORATOR};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::refusal::{Refusal, Refusals};
use baton_core::time::Timestamp;
use baton_store::sql::keys::{self, KeyRow};

use indexmap::IndexMap;

use super::workspaces::check_name;
use crate::auth::{self, KeyScope};
use crate::cx::{Cx, Outcome};

#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub scope: KeyScope,
    pub expires_at: Option<Timestamp>,
    pub created_by: Option<Id>,
}

pub struct Made {
    pub id: Id,
    /// Shown once; only its hash is kept.
    pub secret: String,
}

pub fn create(cx: &mut Cx<'_>, new: &NewKey) -> Outcome<Made> {
    let name = check_name("name", &new.name)?;
    for workflow in new.scope.workflows.iter().flatten() {
        cx.workflow(&workflow.to_string())?;
    }
    if let Some(role) = &new.scope.role {
        check_role(cx, role, new.scope.workflows.as_deref())?;
    }
    let secret = auth::new_key(&cx.shared.entropy);
    let created_by = match new.created_by {
        Some(user) => Some(user),
        None => super::workspaces::responsible_user(cx)?,
    };
    let row = KeyRow {
        id: cx.env.new_id(),
        workspace: cx.caller.workspace,
        name: name.to_owned(),
        created_by,
        read_only: new.scope.read_only,
        workflows: new.scope.workflows.clone(),
        role: new.scope.role.clone(),
        expires_at: new.expires_at,
        revoked_at: None,
        created_at: cx.now(),
    };
    keys::insert(cx.tx, &row, &auth::hash(&secret))?;
    let activity = Activity { after: Some(described(&row)), ..cx.activity(Kind::ApiKeyCreated) };
    cx.append(&[activity])?;
    Ok(Made { id: row.id, secret })
}

/// A key narrowed to a role that is nowhere would find nothing. Where workflows are named, each must have it.
fn check_role(cx: &mut Cx<'_>, role: &str, named: Option<&[Id]>) -> Outcome<()> {
    let workflows: Vec<Id> = match named {
        Some(named) => named.to_vec(),
        None => super::workflows::list(cx, true)?.into_iter().map(|row| row.id).collect(),
    };
    let mut names = IndexMap::<String, usize>::new();
    for workflow in &workflows {
        for role in &cx.workflow(&workflow.to_string())?.workflow.roles {
            *names.entry(role.name.clone()).or_default() += 1;
        }
    }
    if workflows.is_empty() {
        // Every workflow begins with them.
        names.extend([ADMINISTRATOR, COLLABORATOR].map(|name| (name.to_owned(), 0)));
    }
    let at_least = if named.is_some() { workflows.len() } else { 0 };
    names.retain(|_, count| *count >= at_least);
    if names.contains_key(role) {
        return Ok(());
    }
    let allowed = names.into_keys().collect::<Vec<_>>().join(", ");
    Err(Refusals::field("role", Refusal::BadParameter { name: "role".to_owned(), value: role.to_owned(), allowed }).into())
}

pub fn list(cx: &mut Cx<'_>) -> Outcome<Vec<KeyRow>> {
    Ok(keys::list(cx.tx, cx.caller.workspace)?)
}

/// By id.
pub fn revoke(cx: &mut Cx<'_>, key: &str) -> Outcome<KeyRow> {
    let unknown = || {
        Refusals::field(
            "key",
            Refusal::BadParameter {
                name: "key".to_owned(),
                value: key.to_owned(),
                allowed: "the id of a key (`baton api-key list` shows them)".to_owned(),
            },
        )
    };
    let id: Id = key.parse().map_err(|_| unknown())?;
    let row = keys::list(cx.tx, cx.caller.workspace)?.into_iter().find(|row| row.id == id).ok_or_else(unknown)?;
    if row.revoked_at.is_none() {
        let now = cx.now();
        keys::revoke(cx.tx, cx.caller.workspace, id, now)?;
        let activity = Activity { before: Some(described(&row)), ..cx.activity(Kind::ApiKeyRevoked) };
        cx.append(&[activity])?;
    }
    Ok(row)
}

fn described(row: &KeyRow) -> String {
    serde_json::json!({ "id": row.id, "name": row.name, "read_only": row.read_only, "workflows": row.workflows, "role": row.role })
        .to_string()
}
