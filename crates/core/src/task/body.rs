//! Writing a JSON body into a task: only the keys given change, every bad key is told, nothing is half done.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::Task;
use crate::access::{self, Access};
use crate::ids::Id;
use crate::people::Workspace;
use crate::refusal::{Refusal, Refusals};
use crate::value;
use crate::workflow::{Action, Field, FieldKind, FieldRight, Workflow};

pub struct Place<'a> {
    pub workflow: &'a Workflow,
    pub workspace: &'a Workspace,
    pub access: Access<'a>,
    /// What the role of the person who performs allows, where one does.
    pub person: Option<Access<'a>>,
    /// A new task: every required field must be given.
    pub new: bool,
}

impl Place<'_> {
    fn right_to(&self, field: &Field) -> FieldRight {
        let right = self.access.right_to(field);
        self.person.map_or(right, |person| right.min(person.right_to(field)))
    }
}

pub fn write(task: &mut Task, body: &Map<String, Json>, place: &Place<'_>) -> Result<(), Refusals> {
    let mut refusals: IndexMap<String, Vec<Refusal>> = IndexMap::new();
    for (key, given) in body {
        let written = match key.as_str() {
            "Stage" => stage(task, given, place),
            "Assigned To" => assignee(task, given, place),
            name => match place.workflow.field_named(name) {
                Some(field) => field_value(task, field, given, place),
                None => Err(Refusal::IsNotAField),
            },
        };
        if let Err(refusal) = written {
            refusals.entry(key.clone()).or_default().push(refusal);
        }
    }
    if place.new {
        let missing = place.workflow.fields.iter().filter(|field| must_be_given(field) && !task.values.contains_key(&field.id));
        for field in missing {
            refusals.entry(field.name.clone()).or_insert_with(|| vec![Refusal::IsRequired]);
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(Refusals::Fields(refusals)) }
}

/// The fields that come with an action, in their order. Who may not edit tasks may still set what the action wants to know.
pub fn write_fields(task: &mut Task, fields: &Map<String, Json>, action: &Action, place: &Place<'_>) -> Result<(), Vec<Refusal>> {
    let may_edit = place.access.may_edit() && place.person.is_none_or(Access::may_edit);
    let mut refusals = Vec::new();
    for (name, given) in fields {
        let written = match place.workflow.field_named(name) {
            Some(field) if may_edit || action.wants(field.id) => field_value(task, field, given, place),
            Some(field) if place.right_to(field) != FieldRight::Hidden => Err(Refusal::IsNotEditable),
            Some(_) | None => Err(Refusal::IsNotAField),
        };
        if let Err(reason) = written {
            refusals.push(Refusal::FieldRefused { field: name.clone(), reason: Box::new(reason) });
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Whether a role can't make a task at all. It is not told for want of which field: that may be hidden from it.
pub fn lacks_a_required_field(workflow: &Workflow, access: Access<'_>) -> bool {
    workflow.fields.iter().any(|field| must_be_given(field) && access.right_to(field) != FieldRight::Editable)
}

fn must_be_given(field: &Field) -> bool {
    field.required && !matches!(field.kind, FieldKind::UniqueId { autoincrement: true })
}

fn stage(task: &mut Task, given: &Json, place: &Place<'_>) -> Result<(), Refusal> {
    let stage = given.as_str().ok_or(Refusal::IsInvalid).and_then(|name| place.workflow.stage_named(name).ok_or(Refusal::IsNotAStage))?;
    if stage.id == task.stage {
        return Ok(());
    }
    if !place.workflow.stage_by_api || !place.access.may_move_by_hand() {
        return Err(Refusal::IsNotEditable);
    }
    task.stage = stage.id;
    Ok(())
}

fn assignee(task: &mut Task, given: &Json, place: &Place<'_>) -> Result<(), Refusal> {
    let to: Option<Id> = match given {
        Json::Null => None,
        Json::String(email) if email.trim().is_empty() => None,
        Json::String(email) => {
            // Who is assigned already stays, also after having left.
            let same = task.assignee.filter(|now| place.workspace.user_by_email(email).is_some_and(|user| user.id == *now));
            Some(
                same.or_else(|| access::collaborator_by_email(place.workspace, place.workflow, email))
                    .ok_or(Refusal::IsNotAUserOfWorkflow)?,
            )
        }
        _ => return Err(Refusal::IsInvalid),
    };
    if to != task.assignee && !place.access.may_assign(to, None) {
        return Err(Refusal::IsNotEditable);
    }
    task.assignee = to;
    Ok(())
}

fn field_value(task: &mut Task, field: &Field, given: &Json, place: &Place<'_>) -> Result<(), Refusal> {
    let right = place.right_to(field);
    if right == FieldRight::Hidden {
        return Err(Refusal::IsNotAField);
    }
    let now = task.values.get(&field.id);
    // What stands there already may stay, also where it could not be set anew (a person who has left).
    let value = value::parse_over(field, place.workspace, given, now)?;
    if value.as_ref() == now {
        return Ok(());
    }
    let full_key = matches!(place.access, Access::Everything) && place.person.is_none();
    let fixed = matches!(field.kind, FieldKind::UniqueId { autoincrement: true }) || (!field.editable && !full_key && !place.new);
    if fixed || right == FieldRight::ReadOnly {
        return Err(Refusal::IsNotEditable);
    }
    match value {
        Some(value) => drop(task.values.insert(field.id, value)),
        None if field.required => return Err(Refusal::IsRequired),
        None => drop(task.values.remove(&field.id)),
    }
    Ok(())
}
