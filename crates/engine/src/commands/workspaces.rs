//! Workspaces: made by the operator, seen by their keys.

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::limits::NAME_CHARACTERS_MAX;
use baton_core::people::{User, UserState};
use baton_core::refusal::{Refusal, Refusals};
use baton_core::time;
use baton_store::sql::people;

use super::api_keys;
use crate::auth::KeyScope;
use crate::cx::{Cx, Outcome};
use crate::engine::Engine;

#[derive(Clone, Debug)]
pub struct NewWorkspace {
    pub name: String,
    pub admin_email: String,
    /// Of an account that is made with it; one that is there keeps its own.
    pub admin_password: Option<PasswordHash>,
    /// An IANA time zone.
    pub time_zone: String,
}

/// A password as it is kept. Made before the command, since that takes long on purpose.
#[derive(Clone, Debug)]
pub struct PasswordHash(String);

pub struct Created {
    pub workspace: Id,
    pub user: Id,
    /// Shown once.
    pub api_key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    pub id: Id,
    pub name: String,
}

/// `GET /api/v1/workspace`
pub fn get(cx: &mut Cx<'_>) -> Outcome<WorkspaceRow> {
    let found = people::workspaces(cx.tx)?.into_iter().find(|(id, _)| *id == cx.caller.workspace);
    let (id, name) = found.ok_or(Refusal::not_found(baton_core::refusal::Noun::Workspace))?;
    Ok(WorkspaceRow { id, name })
}

/// All of the server, for the operator.
pub fn list(cx: &mut Cx<'_>) -> Outcome<Vec<WorkspaceRow>> {
    Ok(people::workspaces(cx.tx)?.into_iter().map(|(id, name)| WorkspaceRow { id, name }).collect())
}

/// A workspace under the id of the operator's own credential, its first admin, and a full key.
pub fn create(cx: &mut Cx<'_>, new: &NewWorkspace) -> Outcome<Created> {
    let name = check_name("workspace", &new.name)?;
    if time::zone(&new.time_zone).is_none() {
        return Err(Refusals::field("time-zone", bad("time-zone", &new.time_zone, "an IANA time zone such as Europe/Berlin")).into());
    }
    let email = super::users::check_email("admin-email", &new.admin_email)?;
    let (workspace, now) = (cx.caller.workspace, cx.now());
    people::insert_workspace(cx.tx, workspace, name, &new.time_zone, now)?;
    let account = people::account_by_email(cx.tx, &email)?;
    let account = match account {
        Some(_) if new.admin_password.is_some() => return Err(Refusal::AccountKeepsPassword.into()),
        Some(account) => account,
        None => {
            let account = cx.env.new_id();
            let hash = new.admin_password.as_ref().map(|hash| hash.0.as_str());
            people::insert_account(cx.tx, account, &email, hash, now)?;
            account
        }
    };
    let user =
        User { id: cx.env.new_id(), email, first_name: String::new(), last_name: String::new(), admin: true, state: UserState::Active };
    people::insert_user(cx.tx, workspace, &user, Some(account), now)?;
    let rows = [
        Activity { after: Some(serde_json::json!({ "name": name }).to_string()), ..cx.activity(Kind::WorkspaceCreated) },
        Activity { after: Some(serde_json::json!({ "user": user.id }).to_string()), ..cx.activity(Kind::UserAdded) },
    ];
    cx.append(&rows)?;
    let key = api_keys::create(
        cx,
        &api_keys::NewKey { name: "First key".to_owned(), scope: KeyScope::default(), expires_at: None, created_by: Some(user.id) },
    )?;
    Ok(Created { workspace, user: user.id, api_key: key.secret })
}

/// What a workspace or a key is called, without the space around it.
pub(super) fn check_name<'a>(key: &str, name: &'a str) -> Result<&'a str, Refusals> {
    let name = name.trim();
    if (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    let allowed = format!("1 to {NAME_CHARACTERS_MAX} characters without control characters");
    Err(Refusals::field(key, bad(key, name, &allowed)))
}

fn bad(name: &str, value: &str, allowed: &str) -> Refusal {
    Refusal::BadParameter { name: name.to_owned(), value: value.to_owned(), allowed: allowed.to_owned() }
}

const PASSWORD_CHARACTERS_MIN: usize = 8;

/// argon2id with 19 MiB, 2 passes, 1 lane.
pub fn hash_password(engine: &Engine, password: &str) -> Result<PasswordHash, Refusals> {
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(Refusals::field("admin-password", bad("admin-password", "too short", "at least 8 characters")));
    }
    let mut salt = [0; 16];
    engine.shared.entropy.fill(&mut salt);
    let params = Params::new(19 * 1024, 2, 1, None).expect("valid constants");
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_with_salt(password.as_bytes(), &salt);
    Ok(PasswordHash(hash.expect("a 16 byte salt is valid").to_string()))
}

/// Who made a key, or the operator's stand-in: the first admin of the workspace.
pub(super) fn responsible_user(cx: &mut Cx<'_>) -> Outcome<Option<Id>> {
    let made_by = match cx.caller.actor {
        Actor::User(user) => Some(user),
        Actor::ApiKey(key) => baton_store::sql::keys::created_by(cx.tx, key)?,
        Actor::Operator | Actor::Schedule => None,
    };
    match made_by {
        Some(user) => Ok(Some(user)),
        None => Ok(people::first_admin(cx.tx, cx.caller.workspace)?),
    }
}
