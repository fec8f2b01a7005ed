//! The people of one workspace: who exists, and who has which role where.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::ids::Id;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    Invited,
    Active,
    Deactivated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: Id,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// Administrator of every workflow of the workspace.
    pub admin: bool,
    pub state: UserState,
}

impl User {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// A workspace with its settings and people, as one decision sees them.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub id: Id,
    pub name: String,
    pub zone: TimeZone,
    /// ISO 3166 alpha-2: the country of phone numbers without a prefix.
    pub country: Option<String>,
    users: HashMap<Id, User>,
    by_email: HashMap<String, Id>,
    /// (workflow, user) -> role
    collaborators: HashMap<(Id, Id), Id>,
}

impl Workspace {
    pub fn new(
        id: Id,
        name: String,
        zone: TimeZone,
        country: Option<String>,
        users: Vec<User>,
        collaborators: Vec<(Id, Id, Id)>,
    ) -> Workspace {
        let by_email = users.iter().map(|user| (email_key(&user.email), user.id)).collect();
        Workspace {
            id,
            name,
            zone,
            country,
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            by_email,
            collaborators: collaborators.into_iter().map(|(workflow, user, role)| ((workflow, user), role)).collect(),
        }
    }

    pub fn user(&self, id: Id) -> Option<&User> {
        self.users.get(&id)
    }

    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.by_email.get(&email_key(email)).and_then(|id| self.users.get(id))
    }

    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The role that the user is listed with; a workspace admin may act as Administrator without being listed.
    pub fn role_in(&self, workflow: Id, user: Id) -> Option<Id> {
        self.collaborators.get(&(workflow, user)).copied()
    }

    /// Everybody listed in the workflow, with the role.
    pub fn collaborators_of(&self, workflow: Id) -> impl Iterator<Item = (&User, Id)> {
        self.collaborators
            .iter()
            .filter(move |((of, _), _)| *of == workflow)
            .filter_map(|((_, user), role)| Some((self.users.get(user)?, *role)))
    }
}

/// E-mail addresses are one when they differ only in case.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}
