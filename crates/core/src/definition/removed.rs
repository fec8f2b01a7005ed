//! What a new document takes away from tasks that exist: the caller counts the tasks and refuses.

use std::collections::HashSet;

use super::compile::compile_field;
use super::document::Definition;
use super::field::{Field, FieldType};
use crate::ids::Id;
use crate::workflow::FieldKind;

/// Parts that tasks may hold on to, gone or changed. Names are the old ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    pub stages: Vec<RemovedPart>,
    pub fields: Vec<RemovedPart>,
    pub options: Vec<RemovedOption>,
    pub retyped: Vec<RetypedField>,
    /// Roles that collaborators may have.
    pub roles: Vec<RemovedPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedPart {
    pub id: Id,
    pub name: String,
}

/// An option that is gone from a field that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedOption {
    pub field: Id,
    pub field_name: String,
    pub option: Id,
    pub name: String,
}

/// A field that stays, with values that are now read otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetypedField {
    pub field: Id,
    pub name: String,
    pub from: FieldType,
    pub to: FieldType,
}

/// Compares two documents that have been read. A field that changes its type is told once, not with its options too.
pub fn removed_parts(old: &Definition, new: &Definition) -> Removals {
    let kept_stages: HashSet<Option<Id>> = new.stages.iter().map(|stage| stage.id).collect();
    let kept_roles: HashSet<Option<Id>> = new.roles.iter().map(|role| role.id).collect();
    let mut removals = Removals {
        stages: removed(old.stages.iter().map(|stage| (stage.id, &stage.name)), &kept_stages),
        roles: removed(old.roles.iter().map(|role| (role.id, &role.name)), &kept_roles),
        ..Removals::default()
    };
    for before in &old.fields {
        let Some(id) = before.id else { continue };
        match new.fields.iter().find(|field| field.id == Some(id)) {
            None => removals.fields.push(RemovedPart { id, name: before.name.clone() }),
            Some(after) if after.kind != before.kind || reads_otherwise(before, after) => {
                removals.retyped.push(RetypedField { field: id, name: before.name.clone(), from: before.kind, to: after.kind });
            }
            Some(after) => {
                let kept: HashSet<Option<Id>> = after.options.iter().flatten().map(|option| option.id).collect();
                let options = removed(before.options.iter().flatten().map(|option| (option.id, &option.name)), &kept);
                removals.options.extend(options.into_iter().map(|option| RemovedOption {
                    field: id,
                    field_name: before.name.clone(),
                    option: option.id,
                    name: option.name,
                }));
            }
        }
    }
    removals
}

/// Whether values of one type may not fit any more, or are found by other keys: amounts with more decimal places than the new
/// currency has, and Unique IDs that are numbers of Baton's before or after, but not both.
fn reads_otherwise(before: &Field, after: &Field) -> bool {
    let minor_units = |field: &Field| match compile_field(field).kind {
        FieldKind::Currency { minor_units, .. } => minor_units,
        _ => 0,
    };
    let counted = |field: &Field| field.autoincrement.unwrap_or(false);
    minor_units(after) < minor_units(before) || counted(after) != counted(before)
}

fn removed<'a>(parts: impl Iterator<Item = (Option<Id>, &'a String)>, kept: &HashSet<Option<Id>>) -> Vec<RemovedPart> {
    parts.filter(|(id, _)| !kept.contains(id)).filter_map(|(id, name)| Some(RemovedPart { id: id?, name: name.clone() })).collect()
}
