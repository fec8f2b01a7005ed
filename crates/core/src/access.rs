//! Who may do what in a workflow.
//!
//! Allowed is what the API key's scope allows and, where a person performs, also what that person's role allows.

use crate::ids::Id;
use crate::people::{UserState, Workspace};
use crate::refusal::Refusal;
use crate::task::Task;
use crate::workflow::{Action, Assigning, Field, FieldRight, Rights, Workflow};

/// The rights of one performer in one workflow.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// A full API key, an Administrator, the operator.
    Everything,
    Rights(&'a Rights),
}

/// What the role of a user allows; `None` when the user is no collaborator, or deactivated.
pub fn of_user<'a>(workspace: &Workspace, workflow: &'a Workflow, user: Id) -> Option<Access<'a>> {
    let person = workspace.user(user)?;
    if person.state == UserState::Deactivated {
        return None;
    }
    if person.admin {
        return Some(Access::Everything);
    }
    of_role(workflow, workspace.role_in(workflow.id, user)?)
}

pub fn of_role(workflow: &Workflow, role: Id) -> Option<Access<'_>> {
    let role = workflow.role(role)?;
    Some(if role.admin { Access::Everything } else { Access::Rights(&role.rights) })
}

/// The same, for a role that is named.
pub fn of_role_named<'a>(workflow: &'a Workflow, name: &str) -> Option<Access<'a>> {
    workflow.roles.iter().find(|role| role.name == name).and_then(|role| of_role(workflow, role.id))
}

impl<'a> Access<'a> {
    fn rights(self) -> Option<&'a Rights> {
        match self {
            Access::Everything => None,
            Access::Rights(rights) => Some(rights),
        }
    }

    fn all_or(self, right: impl FnOnce(&Rights) -> bool) -> bool {
        self.rights().is_none_or(right)
    }

    pub fn may_create(self) -> bool {
        self.all_or(|rights| rights.create)
    }

    pub fn may_edit(self) -> bool {
        self.all_or(|rights| rights.edit)
    }

    pub fn may_delete(self) -> bool {
        self.all_or(|rights| rights.delete)
    }

    pub fn may_import(self) -> bool {
        self.all_or(|rights| rights.import)
    }

    pub fn may_export(self) -> bool {
        self.all_or(|rights| rights.export)
    }

    pub fn may_move_by_hand(self) -> bool {
        self.all_or(|rights| rights.moving_by_hand)
    }

    pub fn may_take(self, action: &Action) -> bool {
        self.all_or(|rights| rights.actions.as_ref().is_none_or(|named| named.contains(&action.id)))
    }

    /// `user` is who the rights belong to; a role without a person sees nobody's tasks as its own.
    pub fn may_see(self, task: &Task, user: Option<Id>) -> bool {
        self.all_or(|rights| !rights.assigned_only || (user.is_some() && task.assignee == user))
    }

    pub fn sees_assigned_only(self) -> bool {
        !self.all_or(|rights| !rights.assigned_only)
    }

    pub fn may_assign(self, to: Option<Id>, user: Option<Id>) -> bool {
        self.all_or(|rights| match rights.assigning {
            Assigning::Anyone => true,
            Assigning::Myself => user.is_some() && to == user,
            Assigning::Nobody => false,
        })
    }

    /// Only then what may quote any of them is told whole.
    pub fn sees_every_field(self, workflow: &Workflow) -> bool {
        workflow.fields.iter().all(|field| self.right_to(field) != FieldRight::Hidden)
    }

    /// By whose value tasks can be named. Where it is hidden they go by their public ids alone, or naming one would tell that it is there.
    pub fn unique_id_field(self, workflow: &Workflow) -> Option<&Field> {
        workflow.unique_id_field().filter(|field| self.right_to(field) != FieldRight::Hidden)
    }

    pub fn right_to(self, field: &Field) -> FieldRight {
        self.rights()
            .and_then(|rights| rights.fields.iter().find(|(of, _)| *of == field.id))
            .map_or(FieldRight::Editable, |(_, right)| *right)
    }
}

/// A user who can be named as performer or assignee: a collaborator (or workspace admin) who has not left.
pub fn collaborator_by_email(workspace: &Workspace, workflow: &Workflow, email: &str) -> Option<Id> {
    let user = workspace.user_by_email(email)?;
    of_user(workspace, workflow, user.id).map(|_| user.id)
}

/// Whether `user` may take `action`, as the refusal that a caller is told.
pub fn check_performer(workspace: &Workspace, workflow: &Workflow, user: Id, action: &Action, task: &Task) -> Result<(), Refusal> {
    let email = || workspace.user(user).map(|person| person.email.clone()).unwrap_or_default();
    let access = of_user(workspace, workflow, user).ok_or_else(|| Refusal::NotOfWorkflow { email: email() })?;
    if !access.may_see(task, Some(user)) {
        return Err(Refusal::not_found(crate::refusal::Noun::Task));
    }
    if access.may_take(action) { Ok(()) } else { Err(Refusal::MayNotPerform { email: email(), action: action.name.clone() }) }
}
