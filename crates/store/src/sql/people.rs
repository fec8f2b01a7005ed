//! Workspaces with their users and collaborators, and the accounts of the server.

use baton_core::ids::Id;
use baton_core::people::{User, UserState, Workspace, email_key};
use baton_core::time::Timestamp;
use jiff::tz::TimeZone;

use crate::{Dialect, Param, Row, StoreError, Tx};

/// A workspace with all its people, and the version that a cache keeps it under.
pub fn workspace(tx: &mut dyn Tx, id: Id) -> Result<Option<(Workspace, i64)>, StoreError> {
    let sql = "SELECT name, time_zone, country, version FROM workspaces WHERE id = $1";
    let found = tx.query_one(sql, &[id.into()], |row| {
        let zone = TimeZone::get(row.text(1)?).map_err(|error| StoreError::Corrupt {
            table: "workspaces",
            id: id.to_string(),
            what: error.to_string(),
        })?;
        Ok((row.text(0)?.to_owned(), zone, row.opt_text(2)?.map(str::to_owned), row.int(3)?))
    })?;
    let Some((name, zone, country, version)) = found else { return Ok(None) };
    let users = users(tx, id)?;
    let collaborators = collaborators(tx, id)?;
    Ok(Some((Workspace::new(id, name, zone, country, users, collaborators), version)))
}

/// Until the transaction ends nobody else changes who has which role. Taken before the workspace's version is read.
pub fn hold(tx: &mut dyn Tx, workspace: Id) -> Result<(), StoreError> {
    // SQLite has one writer.
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.send("SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE", &[workspace.into()]),
    }
}

/// (workflow, user, role) of the whole workspace.
fn collaborators(tx: &mut dyn Tx, workspace: Id) -> Result<Vec<(Id, Id, Id)>, StoreError> {
    let sql = "SELECT workflow_id, user_id, role_id FROM collaborators WHERE workspace_id = $1";
    tx.query(sql, &[workspace.into()], |row| Ok((row.id(0)?, row.id(1)?, row.id(2)?)))
}

/// Id and name of every workspace of the server, in the order made.
pub fn workspaces(tx: &mut dyn Tx) -> Result<Vec<(Id, String)>, StoreError> {
    tx.query("SELECT id, name FROM workspaces ORDER BY id", &[], |row| Ok((row.id(0)?, row.text(1)?.to_owned())))
}

pub fn insert_workspace(tx: &mut dyn Tx, id: Id, name: &str, time_zone: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO workspaces (id, name, time_zone, version, created_at) VALUES ($1, $2, $3, 1, $4)";
    tx.execute(sql, &[id.into(), name.into(), time_zone.into(), now.into()])?;
    Ok(())
}

/// `email` in the form that [`email_key`] gives.
pub fn account_by_email(tx: &mut dyn Tx, email: &str) -> Result<Option<Id>, StoreError> {
    tx.query_one("SELECT id FROM accounts WHERE email_key = $1", &[Param::Text(&email_key(email))], |row| row.id(0))
}

pub fn insert_account(tx: &mut dyn Tx, id: Id, email: &str, password_hash: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts (id, email_key, email, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    let key = email_key(email);
    tx.execute(sql, &[id.into(), Param::Text(&key), email.into(), password_hash.into(), now.into()])?;
    Ok(())
}

/// In the order made.
pub fn users(tx: &mut dyn Tx, workspace: Id) -> Result<Vec<User>, StoreError> {
    let sql = "SELECT id, email, first_name, last_name, admin, state FROM users WHERE workspace_id = $1 ORDER BY id";
    tx.query(sql, &[workspace.into()], |row: &dyn Row| {
        Ok(User {
            id: row.id(0)?,
            email: row.text(1)?.to_owned(),
            first_name: row.text(2)?.to_owned(),
            last_name: row.text(3)?.to_owned(),
            admin: row.bool(4)?,
            state: row.named(5, "a user's state", state_named)?,
        })
    })
}

pub fn insert_user(tx: &mut dyn Tx, workspace: Id, user: &User, account: Option<Id>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO users (id, workspace_id, account_id, email, email_key, first_name, last_name, admin, state, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let key = email_key(&user.email);
    let params = [
        user.id.into(),
        workspace.into(),
        account.into(),
        user.email.as_str().into(),
        Param::Text(&key),
        user.first_name.as_str().into(),
        user.last_name.as_str().into(),
        user.admin.into(),
        state_name(user.state).into(),
        now.into(),
    ];
    tx.execute(sql, &params)?;
    raise_version(tx, workspace)
}

pub fn set_user_state(tx: &mut dyn Tx, workspace: Id, user: Id, state: UserState) -> Result<(), StoreError> {
    let sql = "UPDATE users SET state = $1 WHERE id = $2 AND workspace_id = $3";
    tx.execute(sql, &[state_name(state).into(), user.into(), workspace.into()])?;
    raise_version(tx, workspace)
}

/// The active admin who has been there longest.
pub fn first_admin(tx: &mut dyn Tx, workspace: Id) -> Result<Option<Id>, StoreError> {
    let sql = "SELECT id FROM users WHERE workspace_id = $1 AND admin = 1 AND state = 'active' ORDER BY id LIMIT 1";
    tx.query_one(sql, &[workspace.into()], |row| row.id(0))
}

/// Adds a collaborator, or gives them another role.
pub fn set_collaborator(tx: &mut dyn Tx, workspace: Id, workflow: Id, user: Id, role: Id) -> Result<(), StoreError> {
    let sql = "INSERT INTO collaborators (workspace_id, workflow_id, user_id, role_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (workspace_id, workflow_id, user_id) DO UPDATE SET role_id = excluded.role_id";
    tx.execute(sql, &[workspace.into(), workflow.into(), user.into(), role.into()])?;
    raise_version(tx, workspace)
}

pub fn remove_collaborator(tx: &mut dyn Tx, workspace: Id, workflow: Id, user: Id) -> Result<(), StoreError> {
    let sql = "DELETE FROM collaborators WHERE workspace_id = $1 AND workflow_id = $2 AND user_id = $3";
    tx.execute(sql, &[workspace.into(), workflow.into(), user.into()])?;
    raise_version(tx, workspace)
}

/// Of a workflow that goes.
pub(super) fn remove_collaborators(tx: &mut dyn Tx, workspace: Id, workflow: Id) -> Result<(), StoreError> {
    tx.execute("DELETE FROM collaborators WHERE workspace_id = $1 AND workflow_id = $2", &[workspace.into(), workflow.into()])?;
    raise_version(tx, workspace)
}

fn raise_version(tx: &mut dyn Tx, workspace: Id) -> Result<(), StoreError> {
    match tx.execute("UPDATE workspaces SET version = version + 1 WHERE id = $1", &[workspace.into()])? {
        1 => Ok(()),
        _ => Err(StoreError::Corrupt { table: "workspaces", id: workspace.to_string(), what: "is missing".to_owned() }),
    }
}

fn state_name(state: UserState) -> &'static str {
    match state {
        UserState::Invited => "invited",
        UserState::Active => "active",
        UserState::Deactivated => "deactivated",
    }
}

fn state_named(name: &str) -> Option<UserState> {
    [UserState::Invited, UserState::Active, UserState::Deactivated].into_iter().find(|state| state_name(*state) == name)
}
