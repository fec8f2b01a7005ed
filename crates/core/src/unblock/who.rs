//! Who may make a move: whoever wants to take the action, if they may; else those who may.

use super::Ask;
use crate::access::{self, Access};
use crate::condition::Scene;
use crate::ids::Id;
use crate::task::Task;
use crate::workflow::{Action, Field, FieldKind, FieldRight};

/// People that are named; more would not be read.
const NAMED_MAX: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever wants to take the action.
    Performer,
    /// The API key, when nobody performs.
    Key,
    /// One of these, the first ten in the order of their e-mails.
    Users(Vec<Id>),
}

/// Everybody who could act in the workflow, by e-mail. A key that sees only some tasks is told of nobody but the performer.
pub(super) fn people<'a>(scene: &Scene<'a>, key: Access<'_>) -> Vec<(Id, Access<'a>)> {
    let shown = |user: Id| !key.sees_assigned_only() || scene.performer.user() == Some(user);
    let mut users: Vec<_> = scene.workspace.users().filter(|user| shown(user.id)).collect();
    users.sort_by(|one, other| one.email.cmp(&other.email));
    users.into_iter().filter_map(|user| Some((user.id, access::of_user(scene.workspace, scene.workflow, user.id)?))).collect()
}

impl Ask<'_> {
    /// The rights of whoever performs, where that is a person.
    fn person(&self) -> Option<(Id, Access<'_>)> {
        let user = self.scene.performer.user()?;
        Some((user, access::of_user(self.scene.workspace, self.scene.workflow, user)?))
    }
}

/// Who may set all of these fields, along with the action or before it.
pub(super) fn may_set(ask: &Ask<'_>, task: &Task, action: &Action, fields: &[&Field]) -> Option<Who> {
    let counts = |field: &Field| matches!(field.kind, FieldKind::UniqueId { autoincrement: true });
    if fields.iter().any(|field| counts(field) || matches!(field.kind, FieldKind::File { .. })) {
        return None;
    }
    let full = matches!(ask.key, Access::Everything);
    let by_key = fields.iter().all(|field| ask.key.right_to(field) == FieldRight::Editable && (field.editable || full));
    let with_action = |access: Access<'_>| {
        fields.iter().all(|field| access.right_to(field) == FieldRight::Editable && (access.may_edit() || action.wants(field.id)))
    };
    let by_person = fields.iter().all(|field| field.editable);
    let performer_may = match ask.person() {
        None => by_key && with_action(ask.key),
        Some((_, person)) => by_key && by_person && with_action(ask.key) && with_action(person),
    };
    if performer_may {
        return Some(Who::Performer);
    }
    let edits = |access: Access<'_>| access.may_edit() && fields.iter().all(|field| access.right_to(field) == FieldRight::Editable);
    first_of(by_person, ask, task, |_, access| edits(access)).or_else(|| (by_key && edits(ask.key)).then_some(Who::Key))
}

/// Who may change the task otherwise: tick its checklist.
pub(super) fn may_edit(ask: &Ask<'_>, task: &Task) -> Option<Who> {
    let performer_may = ask.key.may_edit() && ask.person().is_none_or(|(_, person)| person.may_edit());
    if performer_may {
        return Some(Who::Performer);
    }
    first_of(true, ask, task, |_, access| access.may_edit()).or_else(|| ask.key.may_edit().then_some(Who::Key))
}

pub(super) fn may_assign(ask: &Ask<'_>, task: &Task, to: Option<Id>) -> Option<Who> {
    let by_key = ask.key.may_edit() && ask.key.may_assign(to, None);
    let performer_may = by_key && ask.person().is_none_or(|(user, person)| person.may_edit() && person.may_assign(to, Some(user)));
    if performer_may {
        return Some(Who::Performer);
    }
    first_of(true, ask, task, |user, access| access.may_edit() && access.may_assign(to, Some(user))).or_else(|| by_key.then_some(Who::Key))
}

fn first_of(any: bool, ask: &Ask<'_>, task: &Task, may: impl Fn(Id, Access<'_>) -> bool) -> Option<Who> {
    let users: Vec<Id> = ask
        .people
        .iter()
        .filter(|(user, access)| any && access.may_see(task, Some(*user)) && may(*user, *access))
        .map(|(user, _)| *user)
        .take(NAMED_MAX)
        .collect();
    (!users.is_empty()).then_some(Who::Users(users))
}

/// The same limit for those who could act instead.
pub(super) fn named(users: Vec<Id>) -> Vec<Id> {
    users.into_iter().take(NAMED_MAX).collect()
}
