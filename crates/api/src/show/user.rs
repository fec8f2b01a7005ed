//! A collaborator, as documented.

use baton_core::ids::Id;
use baton_engine::commands::users::Collaborator;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownUser<'a> {
    /// Kept for clients of the documented API; always null.
    saml_user_id: Option<&'a str>,
    role_id: Id,
    first_name: &'a str,
    email: &'a str,
    last_name: &'a str,
    id: Id,
}

impl<'a> From<&'a Collaborator> for ShownUser<'a> {
    fn from(Collaborator { user, role }: &'a Collaborator) -> ShownUser<'a> {
        ShownUser {
            saml_user_id: None,
            role_id: *role,
            first_name: &user.first_name,
            email: &user.email,
            last_name: &user.last_name,
            id: user.id,
        }
    }
}
