//! The *update data* step: field by field, all or nothing.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::Look;
use crate::condition::Scene;
use crate::ids::Id;
use crate::limits::LONG_TEXT_BYTES_MAX;
use crate::refusal::Refusal;
use crate::template::Escape;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldKind, FieldRef, OptionRef, SelectOption, Update};

/// The task's values after the step, or one error for each field that can't be set.
pub(super) fn values(updates: &[(FieldRef, Update)], scene: &Scene<'_>, look: &mut dyn Look) -> Result<BTreeMap<Id, Value>, Vec<Refusal>> {
    let mut values = scene.task.values.clone();
    let mut refusals = Vec::new();
    for (reference, update) in updates {
        let Some(field) = scene.workflow.field(reference.id) else {
            refusals.push(Refusal::PartGone { kind: "Field", name: reference.name.clone() });
            continue;
        };
        match updated(field, values.get(&field.id), update, scene, look) {
            Ok(Some(value)) => drop(values.insert(field.id, value)),
            Ok(None) => drop(values.remove(&field.id)),
            Err(refusal @ Refusal::PartGone { .. }) => refusals.push(refusal),
            Err(reason) => refusals.push(Refusal::FieldRefused { field: field.name.clone(), reason: Box::new(reason) }),
        }
    }
    if refusals.is_empty() { Ok(values) } else { Err(refusals) }
}

fn updated(field: &Field, now: Option<&Value>, update: &Update, scene: &Scene<'_>, look: &mut dyn Look) -> Result<Option<Value>, Refusal> {
    let value = match update {
        Update::Text(template) => {
            let text = template.render(scene, Escape::Plain, LONG_TEXT_BYTES_MAX)?;
            value::parse(field, scene.workspace, &Json::String(text))?
        }
        Update::Json(json) => value::parse(field, scene.workspace, json)?,
        Update::Clear => None,
        Update::Options(options) => chosen(field, options)?,
        Update::Add(options) => with_options(field, now, options, true)?,
        Update::Remove(options) => with_options(field, now, options, false)?,
        Update::Increment(by) => incremented(field, now, *by, scene)?,
    };
    // One that became required later may stay blank, as it may in a task's body.
    if value.is_none() && now.is_some() && field.required {
        return Err(Refusal::IsRequired);
    }
    if let (FieldKind::UniqueId { .. }, Some(Value::Text(unique_id))) = (&field.kind, &value)
        && value.as_ref() != now
        && look.unique_id_taken(unique_id)
    {
        return Err(Refusal::IsTaken);
    }
    Ok(value)
}

fn chosen(field: &Field, options: &[OptionRef]) -> Result<Option<Value>, Refusal> {
    match (&field.kind, options) {
        (FieldKind::SingleSelect { options: known }, [option]) => Ok(Some(Value::Option(still_there(known, option)?))),
        (FieldKind::MultipleSelect { .. }, options) => with_options(field, None, options, true),
        _ => Err(Refusal::IsInvalid),
    }
}

/// Found by its id, whatever it is called now.
fn still_there(known: &[SelectOption], option: &OptionRef) -> Result<Id, Refusal> {
    let gone = || Refusal::PartGone { kind: "Option", name: option.name.clone() };
    known.iter().find(|known| known.id == option.id).map(|known| known.id).ok_or_else(gone)
}

fn with_options(field: &Field, now: Option<&Value>, options: &[OptionRef], add: bool) -> Result<Option<Value>, Refusal> {
    let FieldKind::MultipleSelect { options: known } = &field.kind else { return Err(Refusal::IsInvalid) };
    let mut chosen = match now {
        Some(Value::Options(chosen)) => chosen.clone(),
        _ => Vec::new(),
    };
    for option in options {
        let option = still_there(known, option)?;
        match (add, chosen.iter().position(|known| *known == option)) {
            (true, None) => chosen.push(option),
            (false, Some(place)) => drop(chosen.remove(place)),
            (true, Some(_)) | (false, None) => {}
        }
    }
    Ok((!chosen.is_empty()).then_some(Value::Options(chosen)))
}

fn incremented(field: &Field, now: Option<&Value>, by: Decimal, scene: &Scene<'_>) -> Result<Option<Value>, Refusal> {
    let start = match now {
        Some(Value::Decimal(number)) => *number,
        _ => Decimal::ZERO,
    };
    // What does not fit the digits would be rounded: then taking one summand away does not give the other.
    let exact = |sum: &Decimal| sum.checked_sub(start) == Some(by) && sum.checked_sub(by) == Some(start);
    let sum = start.checked_add(by).filter(exact).ok_or(Refusal::IsInvalid)?;
    // Read like any other input, so that the limits of digits and minor units hold.
    value::parse(field, scene.workspace, &Json::String(value::show_decimal(sum, 0)))
}
