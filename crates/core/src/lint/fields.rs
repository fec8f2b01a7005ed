//! Required fields that nobody and nothing sets.

use super::Code;
use super::finding::{Point, Severity};
use super::model::{Findings, Model};
use crate::definition::data_sync::ColumnTarget;
use crate::definition::field::Field;
use crate::definition::form::FormItem;
use crate::definition::role::{FieldRight, Role};
use crate::definition::step::Step;

pub(super) fn check(model: &Model<'_>, findings: &mut Findings) {
    for (index, field) in model.definition.fields.iter().enumerate() {
        let counted = field.autoincrement == Some(true);
        if !field.required || counted || model.roles().any(|role| may_set(role, field)) || is_set(model, &field.name) {
            continue;
        }
        let message = format!(
            "{0} is required, but no role may set it, and no step, form or data sync does: only a full API key can make a task. Let a role edit {0}, or drop `required`.",
            field.name
        );
        let mut points = vec![Point::blank(&field.name)];
        points.extend(model.roles().map(|role| Point::role(&role.name)));
        // A linked workflow may make the tasks, and set it.
        let severity = if model.definition.links.is_empty() { Severity::Warning } else { Severity::Info };
        findings.add(Code::RequiredNeverSet, severity, format!("fields[{index}]"), message, points);
    }
}

/// When it makes a task, or later.
fn may_set(role: &Role, field: &Field) -> bool {
    let tasks = role.tasks.clone().unwrap_or_default();
    let creates = tasks.create != Some(false) || tasks.import == Some(true);
    let edits = tasks.edit != Some(false) && field.editable != Some(false);
    role.fields.get(&field.name).is_none_or(|right| *right == FieldRight::Editable) && (creates || edits)
}

fn is_set(model: &Model<'_>, field: &str) -> bool {
    let definition = model.definition;
    let by_step = |step: &Step| match step {
        Step::UpdateData(step) => {
            step.set.get(field).is_some_and(|value| !value.is_null()) || step.add.contains_key(field) || step.increment.contains_key(field)
        }
        // What an answer of the default format sets is only known when it comes.
        Step::ApiCall(call) => match &call.map {
            Some(map) => map.contains_key(field),
            None => call.body.is_none(),
        },
        _ => false,
    };
    let in_form = |item: &FormItem| matches!(item, FormItem::Field(item) if item.field == field);
    let by_sync = |target: &ColumnTarget| match target {
        ColumnTarget::Field(name) => name == field,
        ColumnTarget::Full(target) => target.field == field,
    };
    model.sources.iter().flat_map(|source| &source.steps).any(|step| by_step(step.step))
        || definition.forms.iter().flat_map(|form| &form.items).any(in_form)
        || definition.data_sync.iter().flat_map(|sync| sync.columns.values()).any(by_sync)
}
