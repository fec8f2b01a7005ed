//! What a 2xx answer does to the task: all of it, or nothing and one error for each field.

use serde_json::{Map, Value as Json};

use super::Look;
use super::call::Answer;
use crate::access::Access;
use crate::condition::Scene;
use crate::definition::parse_json;
use crate::refusal::Refusal;
use crate::task::Task;
use crate::task::body::{self, Place};
use crate::value::Value;
use crate::workflow::{AnswerUse, FieldRef};

/// The task after the answer; `None` where it asks for nothing.
pub(super) fn apply(using: &AnswerUse, answer: &Answer, scene: &Scene<'_>, look: &mut dyn Look) -> Result<Option<Task>, Vec<Refusal>> {
    let asked = match using {
        AnswerUse::Ignored => return Ok(None),
        AnswerUse::Task => match json(answer, false).map_err(|refusal| vec![refusal])? {
            Some(Json::Object(mut answer)) => match answer.remove("task") {
                None | Some(Json::Null) => return Ok(None),
                Some(Json::Object(fields)) => fields,
                Some(_) => return Err(vec![refused("task", Refusal::IsInvalid)]),
            },
            Some(_) | None => return Ok(None),
        },
        AnswerUse::Map(map) => mapped(map, json(answer, true).map_err(|refusal| vec![refusal])?.unwrap_or_default(), scene)?,
    };
    write(&asked, scene, look).map(Some)
}

/// The answer as JSON. One that does not say that it is JSON is read as such only where it is, unless it `must`.
fn json(answer: &Answer, must: bool) -> Result<Option<Json>, Refusal> {
    let says_so = answer.content_type.as_deref().is_some_and(|content_type| {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    });
    let unnamed = answer.content_type.is_none();
    if !must && (answer.body.is_empty() || !(says_so || unnamed)) {
        return Ok(None);
    }
    let invalid = |reason: String| Refusal::AnswerInvalid { reason };
    let text = std::str::from_utf8(&answer.body).map_err(|_| invalid("it is not UTF-8".to_owned()));
    match text.and_then(|text| parse_json(text).map_err(|error| invalid(error.to_string()))) {
        Ok(json) => Ok(Some(json)),
        Err(_) if unnamed && !must => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

fn mapped(map: &[(FieldRef, String)], answer: Json, scene: &Scene<'_>) -> Result<Map<String, Json>, Vec<Refusal>> {
    let mut asked = Map::new();
    let mut refusals = Vec::new();
    for (field, pointer) in map {
        match (scene.workflow.field(field.id), answer.pointer(pointer)) {
            (None, _) => refusals.push(Refusal::PartGone { kind: "Field", name: field.name.clone() }),
            (Some(field), None) => refusals.push(refused(&field.name, Refusal::NotInAnswer { pointer: pointer.clone() })),
            (Some(field), Some(value)) => drop(asked.insert(field.name.clone(), value.clone())),
        }
    }
    if refusals.is_empty() { Ok(asked) } else { Err(refusals) }
}

/// As the API would, for a key that may do everything.
fn write(asked: &Map<String, Json>, scene: &Scene<'_>, look: &mut dyn Look) -> Result<Task, Vec<Refusal>> {
    let mut task = scene.task.clone();
    let place = Place { workflow: scene.workflow, workspace: scene.workspace, access: Access::Everything, person: None, new: false };
    let mut refusals = match body::write(&mut task, asked, &place) {
        Ok(()) => Vec::new(),
        Err(refusals) => refusals.each(),
    };
    if let Some(field) = scene.workflow.unique_id_field()
        && let Some(Value::Text(unique_id)) = task.values.get(&field.id)
        && task.values.get(&field.id) != scene.task.values.get(&field.id)
        && look.unique_id_taken(unique_id)
    {
        refusals.push(refused(&field.name, Refusal::IsTaken));
    }
    if refusals.is_empty() { Ok(task) } else { Err(refusals) }
}

fn refused(field: &str, reason: Refusal) -> Refusal {
    Refusal::FieldRefused { field: field.to_owned(), reason: Box::new(reason) }
}
