//! A dry run as a caller is shown it: by name, and without what is hidden from the caller.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::StepStatus;
use super::call::{EmailRequest, HttpRequest, Request};
use super::derived;
use super::dry_run::{Does, DryRun, Foreseen};
use super::run::NO_EFFECT;
use super::step::Timer;
use crate::access::Access;
use crate::condition::Column;
use crate::people::Workspace;
use crate::task::{Change, Task, show_state};
use crate::told::Told;
use crate::workflow::{Action, Auth, Workflow};

/// For whom it is shown.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub workflow: &'a Workflow,
    pub workspace: &'a Workspace,
    pub access: Access<'a>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foresight {
    pub status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// By column, before and after; `null` where a field may stand that is hidden from the reader.
    pub changes: Map<String, Json>,
    pub steps: Vec<ShownStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownStep {
    pub kind: String,
    pub status: StepStatus,
    pub certain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    #[serde(flatten)]
    pub does: Option<ShownDoes>,
}

/// A text is `None` for whoever may not see every field, since any may stand in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownDoes {
    Changes(Map<String, Json>),
    Comment(Option<String>),
    StageChange(ShownStageChange),
    Deletes(bool),
    Request(Option<ShownRequest>),
    Email(Option<ShownEmail>),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownStageChange {
    pub stage: String,
    /// It may come from a field, and so is hidden like a text.
    pub at: Option<String>,
    /// A later step takes the task out of its stage before.
    pub dropped: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownRequest {
    pub method: String,
    pub url: String,
    pub headers: Map<String, Json>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownEmail {
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    pub text: String,
}

/// `before`: the task as it is, without the fields that came with the action.
pub fn show(dry_run: &DryRun, action: &Action, before: &Task, reader: Reader<'_>) -> Foresight {
    let sees_all = reader.access.sees_every_field(reader.workflow);
    let withheld = derived::from_hidden(action, reader.workflow, reader.access);
    let steps = dry_run.steps.iter().map(|step| {
        let mut step = shown(step, reader, sees_all);
        if let Some(ShownDoes::Changes(changes)) = &mut step.does {
            withhold(changes, &withheld, reader);
        }
        step
    });
    let mut foresight = Foresight {
        status: if dry_run.errors.is_empty() { "Success" } else { "Fail" },
        errors: dry_run.errors.iter().map(|error| told(error, sees_all)).collect(),
        changes: changes(&Change::between(before, &dry_run.task), reader),
        steps: steps.collect(),
    };
    withhold(&mut foresight.changes, &withheld, reader);
    foresight
}

fn withhold(changes: &mut Map<String, Json>, columns: &[Column], reader: Reader<'_>) {
    for column in columns {
        let name = match column {
            Column::Field(field) => reader.workflow.field(*field).map(|field| field.name.as_str()),
            Column::AssignedTo => Some("Assigned To"),
            Column::Stage | Column::CreatedOn | Column::UpdatedOn | Column::CreatedBy => None,
        };
        if let Some(pair) = name.and_then(|name| changes.get_mut(name)) {
            *pair = Json::Null;
        }
    }
}

fn told(error: &Told, sees_all: bool) -> String {
    error.bare().filter(|_| !sees_all).unwrap_or(error.whole()).to_owned()
}

fn shown(step: &Foreseen, reader: Reader<'_>, sees_all: bool) -> ShownStep {
    let Foreseen { record, does, certain } = step;
    let reason = match (record.status, &record.error) {
        (StepStatus::Skipped, Some(_)) => Some(NO_EFFECT),
        (StepStatus::Skipped, None) => Some("when does not hold"),
        _ => None,
    };
    ShownStep {
        kind: record.kind.clone(),
        status: record.status,
        certain: *certain,
        error: record.error.as_ref().filter(|_| record.status == StepStatus::Fail).map(|error| told(error, sees_all)),
        reason,
        does: does.as_ref().map(|does| match does {
            Does::Change(change) => ShownDoes::Changes(changes(change, reader)),
            Does::Comment(text) => ShownDoes::Comment(sees_all.then(|| text.clone())),
            Does::StageChange(timer) => ShownDoes::StageChange(stage_change(timer, reader, sees_all)),
            Does::Deletion => ShownDoes::Deletes(true),
            Does::Request(Request::Http(request)) => ShownDoes::Request(sees_all.then(|| http(request))),
            Does::Request(Request::Email(request)) => ShownDoes::Email(sees_all.then(|| email(request))),
        }),
    }
}

/// `Stage`, `Assigned To`, then the fields that the reader sees, each with `[before, after]`.
pub(super) fn changes(change: &Change, reader: Reader<'_>) -> Map<String, Json> {
    let side = |side: &str| show_state(side, reader.workflow, reader.workspace, reader.access).expect("a side of a change");
    let (before, mut after) = (side(&change.before_json()), side(&change.after_json()));
    let pairs = before.into_iter().map(|(name, before)| {
        let after = after.remove(&name).unwrap_or_default();
        (name, Json::Array(vec![before, after]))
    });
    pairs.collect()
}

fn stage_change(timer: &Timer, reader: Reader<'_>, sees_all: bool) -> ShownStageChange {
    let stage = reader.workflow.stage(timer.to.id).map_or(&timer.to.name, |stage| &stage.name);
    ShownStageChange { stage: stage.clone(), at: sees_all.then(|| timer.due_at.to_string()), dropped: timer.left }
}

fn http(request: &HttpRequest) -> ShownRequest {
    let HttpRequest { method, url, headers, auth, body } = request;
    let mut shown: Map<String, Json> = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    shown.extend(auth.iter().map(|auth| {
        let (name, value) = authorisation(auth);
        (name.to_owned(), Json::String(value))
    }));
    ShownRequest { method: method.clone(), url: url.clone(), headers: shown, body: body.clone() }
}

/// The header that is made when it is sent, with the names of its secrets.
fn authorisation(auth: &Auth) -> (&str, String) {
    match auth {
        Auth::Basic { user, password } => ("Authorization", format!("Basic {user}:secret:{password}")),
        Auth::Bearer { token } => ("Authorization", format!("Bearer secret:{token}")),
        Auth::Header { name, value } => (name, format!("secret:{value}")),
        Auth::Hmac { secret } => ("webhook-signature", format!("secret:{secret}")),
    }
}

fn email(request: &EmailRequest) -> ShownEmail {
    let EmailRequest { from, to, cc, bcc, subject, text, markdown: _, date: _ } = request.clone();
    ShownEmail { from, to, cc, bcc, subject, text }
}
