//! People: users of the workspace, and collaborators of a workflow.

use baton_core::access;
use baton_core::activity::{Activity, Kind};
use baton_core::definition::COLLABORATOR;
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::limits::NAME_CHARACTERS_MAX;
use baton_core::people::{User, UserState};
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::workflow::{Role, Workflow};
use baton_store::sql::{people, tasks};
use serde_json::json;

use super::tasks::save_change;
use crate::cx::{Cx, Found, Outcome};

/// A collaborator as the API lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collaborator {
    pub user: User,
    pub role: Id,
}

pub fn list(cx: &mut Cx<'_>, workflow: &str) -> Outcome<Vec<Collaborator>> {
    let found = cx.workflow(workflow)?;
    if cx.caller.scope.access(&found.workflow).sees_assigned_only() {
        return Ok(Vec::new());
    }
    let mut listed: Vec<Collaborator> =
        found.workspace.collaborators_of(found.workflow.id).map(|(user, role)| Collaborator { user: user.clone(), role }).collect();
    listed.sort_by_key(|collaborator| collaborator.user.id);
    Ok(listed)
}

pub fn get(cx: &mut Cx<'_>, workflow: &str, user: &str) -> Outcome<Collaborator> {
    let found = cx.workflow(workflow)?;
    one(cx, &found, user)
}

fn one(cx: &Cx<'_>, found: &Found, user: &str) -> Outcome<Collaborator> {
    let hidden = cx.caller.scope.access(&found.workflow).sees_assigned_only();
    let listed = user.parse().ok().filter(|_| !hidden).and_then(|id: Id| {
        let role = found.workspace.role_in(found.workflow.id, id)?;
        Some(Collaborator { user: found.workspace.user(id)?.clone(), role })
    });
    Ok(listed.ok_or(Refusal::not_found(Noun::User))?)
}

#[derive(Clone, Debug, Default)]
pub struct NewCollaborator {
    pub email: Option<String>,
    /// A role's name. Left out, who is listed keeps theirs, and who is new becomes Collaborator.
    pub role: Option<String>,
    pub first_name: String,
    pub last_name: String,
}

/// Adds a collaborator; who is not yet a user of the workspace is invited. `false`: they were listed already.
pub fn add(cx: &mut Cx<'_>, workflow: &str, new: &NewCollaborator) -> Outcome<(Collaborator, bool)> {
    cx.hold_people()?;
    let found = cx.writable_workflow(workflow)?;
    check_administrator(cx, &found.workflow)?;
    let email = new.email.as_deref().ok_or_else(|| Refusals::field("email", Refusal::IsRequired))?;
    let email = check_email("email", email)?;
    let role = new.role.as_deref().map(|name| role_named(&found.workflow, name)).transpose()?;
    let known = found.workspace.user_by_email(&email);
    if known.is_some_and(|user| user.state == UserState::Deactivated) {
        return Err(Refusals::field("email", Refusal::IsDeactivated).into());
    }
    let listed = known.and_then(|user| {
        let role = found.workspace.role_in(found.workflow.id, user.id)?;
        Some(Collaborator { user: user.clone(), role })
    });
    if let Some(listed) = listed {
        return Ok((role.map_or(Ok(listed.clone()), |role| give_role(cx, &found, listed, role))?, false));
    }
    let role = match role {
        Some(role) => role.id,
        None => default_role(cx, &found.workflow)?,
    };
    let user = match known {
        Some(user) => user.clone(),
        None => {
            let user = User {
                id: cx.env.new_id(),
                email,
                first_name: person_name("first_name", &new.first_name)?,
                last_name: person_name("last_name", &new.last_name)?,
                admin: false,
                state: UserState::Invited,
            };
            insert_user(cx, &user)?;
            user
        }
    };
    set_role(cx, &found, user.id, None, role)?;
    Ok((Collaborator { user, role }, true))
}

/// The Collaborator that every workflow begins with, under whatever name it has now.
fn default_role(cx: &mut Cx<'_>, workflow: &Workflow) -> Outcome<Id> {
    let first = super::definitions::stored(cx, workflow.id, 1)?;
    let built_in = first.and_then(|first| first.roles.into_iter().find(|role| role.name == COLLABORATOR)?.id);
    let role = built_in.and_then(|id| workflow.role(id)).ok_or_else(|| Refusals::field("role", Refusal::IsRequired))?;
    Ok(role.id)
}

pub fn change_role(cx: &mut Cx<'_>, workflow: &str, user: &str, role: Option<&str>) -> Outcome<Collaborator> {
    cx.hold_people()?;
    let found = cx.writable_workflow(workflow)?;
    check_administrator(cx, &found.workflow)?;
    let now = one(cx, &found, user)?;
    let role = role_named(&found.workflow, role.ok_or_else(|| Refusals::field("role", Refusal::IsRequired))?)?;
    give_role(cx, &found, now, role)
}

/// Another role to somebody who is listed.
fn give_role(cx: &mut Cx<'_>, found: &Found, now: Collaborator, role: &Role) -> Outcome<Collaborator> {
    if role.id == now.role {
        return Ok(now);
    }
    if !role.admin {
        check_not_last_administrator(found, &now)?;
    }
    set_role(cx, found, now.user.id, Some(now.role), role.id)?;
    Ok(Collaborator { role: role.id, ..now })
}

/// No longer a collaborator; the user's active tasks there become nobody's.
pub fn remove(cx: &mut Cx<'_>, workflow: &str, user: &str) -> Outcome<()> {
    cx.hold_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    check_administrator(cx, &found.workflow)?;
    let gone = one(cx, &found, user)?;
    check_not_last_administrator(&found, &gone)?;
    let mut rows = Vec::new();
    for loaded in tasks::active_of(cx.tx, cx.caller.workspace, found.workflow.id, gone.user.id)? {
        let mut after = loaded.task.clone();
        after.assignee = None;
        rows.extend(save_change(cx, &found.workflow, &loaded, &mut after, None)?);
    }
    people::remove_collaborator(cx.tx, cx.caller.workspace, found.workflow.id, gone.user.id)?;
    rows.push(Activity {
        workflow: Some(found.workflow.id),
        before: Some(json!({ "user": gone.user.id, "role": gone.role }).to_string()),
        ..cx.activity(Kind::CollaboratorRemoved)
    });
    cx.append(&rows)
}

/// People change who may do what: for that, a key must not be narrowed to a lesser role.
pub(super) fn check_administrator(cx: &Cx<'_>, workflow: &Workflow) -> Outcome<()> {
    check_unnarrowed(cx, workflow, "change people or the definition")
}

pub(super) fn check_unnarrowed(cx: &Cx<'_>, workflow: &Workflow, what: &str) -> Outcome<()> {
    match cx.caller.scope.access(workflow) {
        access::Access::Everything => Ok(()),
        access::Access::Rights(_) => Err(Refusal::KeyLacksRight { what: what.to_owned() }.into()),
    }
}

fn role_named<'a>(workflow: &'a Workflow, name: &str) -> Result<&'a Role, Refusals> {
    workflow.roles.iter().find(|role| role.name == name).ok_or_else(|| {
        let names: Vec<&str> = workflow.roles.iter().map(|role| role.name.as_str()).collect();
        Refusals::field("role", Refusal::BadParameter { name: "role".to_owned(), value: name.to_owned(), allowed: names.join(", ") })
    })
}

fn check_not_last_administrator(found: &Found, leaving: &Collaborator) -> Result<(), Refusal> {
    let is_admin = |role: Id| found.workflow.role(role).is_some_and(|role| role.admin);
    let stays = |user: &User| user.id != leaving.user.id && user.state != UserState::Deactivated;
    let others = found.workspace.collaborators_of(found.workflow.id).any(|(user, role)| stays(user) && is_admin(role));
    if is_admin(leaving.role) && !others { Err(Refusal::LastAdministrator) } else { Ok(()) }
}

/// A change of role is told as what it was and what it is.
fn set_role(cx: &mut Cx<'_>, found: &Found, user: Id, before: Option<Id>, role: Id) -> Outcome<()> {
    people::set_collaborator(cx.tx, cx.caller.workspace, found.workflow.id, user, role)?;
    let told = |role: Id| json!({ "user": user, "role": role }).to_string();
    let row = Activity {
        workflow: Some(found.workflow.id),
        before: before.map(told),
        after: Some(told(role)),
        ..cx.activity(Kind::CollaboratorAdded)
    };
    cx.append(&[row])
}

fn insert_user(cx: &mut Cx<'_>, user: &User) -> Outcome<()> {
    let now = cx.now();
    people::insert_user(cx.tx, cx.caller.workspace, user, None, now)?;
    let row = Activity { after: Some(json!({ "user": user.id, "email": user.email }).to_string()), ..cx.activity(Kind::UserAdded) };
    cx.append(&[row])
}

pub(super) fn check_email(name: &str, email: &str) -> Result<String, Refusals> {
    let email = email.trim();
    if baton_core::value::parse_email(email).is_some() {
        return Ok(email.to_owned());
    }
    let allowed = "an e-mail address".to_owned();
    Err(Refusals::field(name, Refusal::BadParameter { name: name.to_owned(), value: email.to_owned(), allowed }))
}

/// May be empty.
fn person_name(key: &str, name: &str) -> Result<String, Refusals> {
    let name = name.trim();
    if name.chars().any(char::is_control) {
        return Err(Refusals::field(key, Refusal::IsInvalid));
    }
    if name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(Refusals::field(key, Refusal::IsTooLong { bytes_max: NAME_CHARACTERS_MAX }));
    }
    Ok(name.to_owned())
}

/// The workspace's users, for the operator.
pub fn all(cx: &mut Cx<'_>) -> Outcome<Vec<User>> {
    let mut users: Vec<User> = people::users(cx.tx, cx.caller.workspace)?;
    users.sort_by_key(|user| user.id);
    Ok(users)
}

/// A user of the workspace, made by the operator: active at once.
pub fn create(cx: &mut Cx<'_>, email: &str, first_name: &str, last_name: &str, admin: bool) -> Outcome<User> {
    let email = check_email("email", email)?;
    let taken = people::users(cx.tx, cx.caller.workspace)?
        .iter()
        .any(|user| baton_core::people::email_key(&user.email) == baton_core::people::email_key(&email));
    if taken {
        return Err(Refusals::field("email", Refusal::IsTaken).into());
    }
    let user = User {
        id: cx.env.new_id(),
        email,
        first_name: person_name("first_name", first_name)?,
        last_name: person_name("last_name", last_name)?,
        admin,
        state: UserState::Active,
    };
    insert_user(cx, &user)?;
    Ok(user)
}

/// Turns a user of the workspace off or on again; what they did and hold stays shown.
pub fn set_active(cx: &mut Cx<'_>, email: &str, active: bool) -> Outcome<User> {
    cx.hold_people()?;
    let users = people::users(cx.tx, cx.caller.workspace)?;
    let key = baton_core::people::email_key(email);
    let unknown = || Refusals::field("email", Refusal::IsNotAUserOfWorkspace);
    let mut user = users.iter().find(|user| baton_core::people::email_key(&user.email) == key).cloned().ok_or_else(unknown)?;
    let active_admins = users.iter().filter(|user| user.admin && user.state == UserState::Active).count();
    if !active && user.admin && user.state == UserState::Active && active_admins == 1 {
        return Err(Refusal::LastAdmin.into());
    }
    user.state = if active { UserState::Active } else { UserState::Deactivated };
    people::set_user_state(cx.tx, cx.caller.workspace, user.id, user.state)?;
    let row = Activity { after: Some(json!({ "user": user.id, "active": active }).to_string()), ..cx.activity(Kind::UserUpdated) };
    cx.append(&[row])?;
    Ok(user)
}
