//! A row of the history: kept as ids and stored values, shown with names as the Tasks API shows them. What has been
//! removed since is shown by its id.

use std::collections::BTreeMap;

use baton_core::access::Access;
use baton_core::activity::Kind;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::time::Timestamp;
use baton_core::value::{self, Value};
use baton_core::workflow::{Field, FieldKind, FieldRight, SelectOption};
use baton_engine::Found;
use baton_engine::commands::activity::{ActivityRow, History};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::actor::{ShownActor, shown_actor};
use super::as_text;

#[derive(Serialize)]
pub struct ShownRow<'a> {
    /// Null until the row is sealed, within a second.
    sequence: Option<i64>,
    #[serde(serialize_with = "as_text")]
    at: Timestamp,
    actor: ShownActor,
    request_id: Option<&'a str>,
    task: Option<Id>,
    execution: Option<Id>,
    kind: &'static str,
    before: Option<Json>,
    after: Option<Json>,
}

pub fn shown_row<'a>(row: &'a ActivityRow, History { found, key_names, .. }: &History) -> ShownRow<'a> {
    let activity = &row.activity;
    let side = |text: &Option<String>| text.as_deref().map(|text| shown_side(activity.kind, text, found));
    ShownRow {
        sequence: row.sequence,
        at: activity.at,
        actor: shown_actor(activity.actor, &found.workspace, key_names),
        request_id: activity.request.as_deref(),
        task: activity.task,
        execution: activity.execution,
        kind: activity.kind.name(),
        before: side(&activity.before),
        after: side(&activity.after),
    }
}

/// One side of a change. Every kind that keeps ids says here how they read.
fn shown_side(kind: Kind, text: &str, found: &Found) -> Json {
    let Ok(Json::Object(kept)) = serde_json::from_str(text) else { return Json::from(text) };
    let named = |(key, kept): (String, Json)| match kind {
        Kind::TaskCreated | Kind::TaskUpdated | Kind::TaskDeleted => task_part(key, kept, found),
        Kind::ExecutionStarted | Kind::ExecutionFinished => execution_part(key, kept, found),
        Kind::ChecklistUpdated => item_part(key, kept, found),
        Kind::CommentAdded
        | Kind::WorkflowCreated
        | Kind::DefinitionSaved
        | Kind::CollaboratorAdded
        | Kind::CollaboratorRemoved
        | Kind::UserAdded
        | Kind::UserUpdated
        | Kind::ApiKeyCreated
        | Kind::ApiKeyRevoked
        | Kind::WorkspaceCreated => vec![(key, kept)],
    };
    Json::Object(kept.into_iter().flat_map(named).collect::<Map<_, _>>())
}

fn task_part(key: String, kept: Json, found: &Found) -> Vec<(String, Json)> {
    match key.as_str() {
        "stage" => vec![("Stage".to_owned(), stage(kept, found))],
        "assignee" => vec![("Assigned To".to_owned(), person(kept, &found.workspace))],
        "values" => values(kept, found),
        _ => vec![(key, kept)],
    }
}

fn execution_part(key: String, kept: Json, found: &Found) -> Vec<(String, Json)> {
    let shown = match key.as_str() {
        "action" => named(kept, |id| found.workflow.action(id).map(|action| action.name.clone())),
        _ => kept,
    };
    vec![(key, shown)]
}

/// The keys of a checklist item as it is shown elsewhere.
fn item_part(key: String, kept: Json, found: &Found) -> Vec<(String, Json)> {
    match key.as_str() {
        "item" => vec![("id".to_owned(), kept)],
        "assignee" => vec![("Assigned To".to_owned(), person(kept, &found.workspace))],
        "stage" => vec![("Stage".to_owned(), stage(kept, found))],
        _ => vec![(key, kept)],
    }
}

/// In the workflow's order; then fields that have been removed, for those who see everything.
fn values(kept: Json, found: &Found) -> Vec<(String, Json)> {
    let Ok(mut values) = serde_json::from_value::<BTreeMap<Id, Option<Value>>>(kept) else { return Vec::new() };
    let access = found.access();
    let mut shown = Vec::with_capacity(values.len());
    for field in &found.workflow.fields {
        if let Some(value) = values.remove(&field.id)
            && access.right_to(field) != FieldRight::Hidden
        {
            shown.push((field.name.clone(), in_field(field, &found.workspace, value.as_ref())));
        }
    }
    if matches!(access, Access::Everything) {
        shown.extend(values.into_iter().map(|(id, value)| (id.to_string(), without_field(&found.workspace, value))));
    }
    shown
}

fn in_field(field: &Field, workspace: &Workspace, value: Option<&Value>) -> Json {
    let options: &[SelectOption] = match &field.kind {
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => options,
        _ => &[],
    };
    let option = |id: &Id| match options.iter().find(|option| option.id == *id) {
        Some(option) => Json::from(option.name.as_str()),
        None => Json::from(id.to_string()),
    };
    match value {
        Some(Value::Option(id)) => option(id),
        Some(Value::Options(ids)) => ids.iter().map(option).collect(),
        Some(Value::Person(id)) => person(Json::from(id.to_string()), workspace),
        value => value::show(field, workspace, value),
    }
}

fn without_field(workspace: &Workspace, value: Option<Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(text)) => Json::from(text),
        Some(Value::Decimal(decimal)) => Json::from(value::show_decimal(decimal, 0)),
        Some(Value::Date(date)) => Json::from(date.to_string()),
        Some(Value::DateTime(moment)) => Json::from(moment.to_string()),
        Some(Value::Checked) => Json::Bool(true),
        Some(Value::Person(id)) => person(Json::from(id.to_string()), workspace),
        Some(Value::Option(id)) => Json::from(id.to_string()),
        Some(Value::Options(ids)) => ids.iter().map(Id::to_string).collect(),
        Some(Value::Files(files)) => files.into_iter().map(|file| file.filename).collect(),
    }
}

fn stage(kept: Json, found: &Found) -> Json {
    named(kept, |id| found.workflow.stage(id).map(|stage| stage.name.clone()))
}

fn person(kept: Json, workspace: &Workspace) -> Json {
    named(kept, |id| workspace.user(id).map(|user| user.email.clone()))
}

/// The name of what the id stands for, or the id itself.
fn named(kept: Json, name: impl Fn(Id) -> Option<String>) -> Json {
    let found = kept.as_str().and_then(|text| text.parse().ok()).and_then(name);
    found.map_or(kept, Json::from)
}
