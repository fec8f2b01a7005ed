//! A row of the history: kept as ids and stored values, shown with names as the Tasks API shows them. What has been
//! removed since is shown by its id.

use baton_core::activity::Kind;
use baton_core::ids::Id;
use baton_core::task::show_state;
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_engine::Found;
use baton_engine::commands::activity::{ActivityRow, History};
use serde::Serialize;
use serde_json::Value as Json;

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
    match kind {
        Kind::TaskCreated | Kind::TaskUpdated | Kind::TaskDeleted => {
            let shown = show_state(text, &found.workflow, &found.workspace, found.access());
            shown.map_or_else(|_| Json::from(text), Json::Object)
        }
        Kind::ExecutionStarted | Kind::ExecutionFinished => kept.into_iter().map(|part| execution_part(part, found)).collect(),
        Kind::StageChangeScheduled | Kind::StageChangeDropped => kept.into_iter().map(|part| stage_part(part, found)).collect(),
        Kind::ChecklistUpdated => kept.into_iter().map(|part| item_part(part, found)).collect(),
        Kind::CommentAdded
        | Kind::ImportStarted
        | Kind::ImportFinished
        | Kind::WorkflowCreated
        | Kind::WorkflowArchived
        | Kind::WorkflowUnarchived
        | Kind::WorkflowDeleted
        | Kind::DefinitionSaved
        | Kind::CollaboratorAdded
        | Kind::CollaboratorRemoved
        | Kind::UserAdded
        | Kind::UserUpdated
        | Kind::ApiKeyCreated
        | Kind::ApiKeyRevoked
        | Kind::SecretSet
        | Kind::SecretDeleted
        | Kind::WorkspaceCreated => Json::Object(kept),
    }
}

fn execution_part((key, kept): (String, Json), found: &Found) -> (String, Json) {
    match key.as_str() {
        "action" => (key, named(kept, |id| found.workflow.action(id).map(|action| action.name.clone()))),
        "errors" => (key, told(kept, found)),
        _ => (key, kept),
    }
}

fn sees_every_field(found: &Found) -> bool {
    found.access().sees_every_field(&found.workflow)
}

/// Errors as the reader may see them.
fn told(kept: Json, found: &Found) -> Json {
    let Ok(errors) = serde_json::from_value::<Vec<Told>>(kept) else { return Json::Null };
    let whole = sees_every_field(found);
    errors.into_iter().map(|told| if whole { told } else { told.without_quotes() }).map(|told| told.whole().to_owned()).collect()
}

fn stage_part((key, kept): (String, Json), found: &Found) -> (String, Json) {
    match key.as_str() {
        "stage" => ("Stage".to_owned(), named(kept, |id| found.workflow.stage(id).map(|stage| stage.name.clone()))),
        // It may come from a field, and nobody can tell afterwards from which.
        "due_at" if !sees_every_field(found) => (key, Json::Null),
        _ => (key, kept),
    }
}

/// With the keys of a checklist item as it is shown elsewhere.
fn item_part((key, kept): (String, Json), found: &Found) -> (String, Json) {
    match key.as_str() {
        "item" => ("id".to_owned(), kept),
        "assignee" => ("Assigned To".to_owned(), named(kept, |id| found.workspace.user(id).map(|user| user.email.clone()))),
        "stage" => ("Stage".to_owned(), named(kept, |id| found.workflow.stage(id).map(|stage| stage.name.clone()))),
        _ => (key, kept),
    }
}

/// The name of what the id stands for, or the id itself.
fn named(kept: Json, name: impl Fn(Id) -> Option<String>) -> Json {
    let found = kept.as_str().and_then(|text| text.parse().ok()).and_then(name);
    found.map_or(kept, Json::from)
}
