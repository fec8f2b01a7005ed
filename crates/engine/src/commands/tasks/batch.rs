//! Many tasks in one request, in their order: all or nothing, and every one that can't be saved is told.

use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::value::{Value, parse};
use baton_core::workflow::Field;
use baton_store::sql::tasks::lock_all;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{Expected, Named, Shown, by_unique_id, change, change_or_create};
use crate::cx::{Cx, Failure, Found, Outcome};

/// `POST .../tasks`: each is a new task, or a change of the one that has its Unique ID, which may be one made just before. Also whether
/// all are new.
pub fn create_or_update_all(cx: &mut Cx<'_>, workflow: &str, bodies: &[Map<String, Json>]) -> Outcome<(Vec<Shown>, bool)> {
    cx.share_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    lock(cx, &found, bodies)?;
    let saved = each(bodies, |body| change_or_create(cx, found.clone(), body, &Expected::Anything))?;
    let all_new = !saved.is_empty() && saved.iter().all(|(_, new)| *new);
    Ok((saved.into_iter().map(|(shown, _)| shown).collect(), all_new))
}

/// `PUT .../tasks`: each is a change of the task that has its Unique ID.
pub fn update_all(cx: &mut Cx<'_>, workflow: &str, bodies: &[Map<String, Json>]) -> Outcome<Vec<Shown>> {
    cx.share_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    let field = found.access().unique_id_field(&found.workflow).ok_or(Refusal::not_found(Noun::Task))?;
    lock(cx, &found, bodies)?;
    each(bodies, |body| match by_unique_id(cx, &found, body)? {
        Named::Seen(loaded) => change(cx, found.clone(), *loaded, body, &Expected::Anything),
        Named::Hidden | Named::Nothing => Err(Refusals::field(&field.name, not_named(&found, field, body)).into()),
    })
}

/// Those that are there already.
fn lock(cx: &mut Cx<'_>, found: &Found, bodies: &[Map<String, Json>]) -> Outcome<()> {
    let Some(field) = found.workflow.unique_id_field() else { return Ok(()) };
    let named = |body: &Map<String, Json>| match parse(field, &found.workspace, body.get(&field.name)?) {
        Ok(Some(Value::Text(unique_id))) => Some(unique_id),
        _ => None,
    };
    let named: Vec<String> = bodies.iter().filter_map(named).collect();
    Ok(lock_all(cx.tx, cx.caller.workspace, found.workflow.id, &named)?)
}

/// Why a body is about no task.
fn not_named(found: &Found, field: &Field, body: &Map<String, Json>) -> Refusal {
    match body.get(&field.name).map(|given| parse(field, &found.workspace, given)) {
        None | Some(Ok(None)) => Refusal::IsRequired,
        Some(_) => Refusal::not_found(Noun::Task),
    }
}

/// What is saved before one is refused is undone with the transaction; it goes on only to find the others that would be.
fn each<T>(bodies: &[Map<String, Json>], mut save: impl FnMut(&Map<String, Json>) -> Outcome<T>) -> Outcome<Vec<T>> {
    let (mut saved, mut refused) = (Vec::with_capacity(bodies.len()), IndexMap::new());
    for (place, body) in bodies.iter().enumerate() {
        match save(body) {
            Ok(one) => saved.push(one),
            Err(Failure::Refused(Refusals::Fields(fields))) => drop(refused.insert(place, fields)),
            // A right that the key lacks is not about this one alone.
            Err(failure) => return Err(failure),
        }
    }
    if refused.is_empty() { Ok(saved) } else { Err(Refusals::Items(refused).into()) }
}
