//! Definitions: made, read, changed; every save is a new revision.

use baton_core::activity::{Activity, Kind};
use baton_core::definition::migrate::{Asked, Migration};
use baton_core::definition::{self, Definition, PROBLEMS_MAX, Problem};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_store::StoreError;
use baton_store::sql::workflows;
pub use baton_store::sql::workflows::RevisionRow;
use baton_store::sql::{people, secrets, tasks};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::activity::KeyNames;
use super::migration;
use super::tasks::Expected;
use super::users::{check_administrator, check_unnarrowed};
use crate::cx::{Cx, Failure, Found, Outcome};

pub struct Saved {
    pub workflow: Id,
    pub name: String,
    pub revision: i64,
    /// Whether anything differs from the revision before.
    pub changed: bool,
    pub warnings: Vec<Problem>,
}

pub struct Stored {
    pub revision: i64,
    pub definition: Definition,
}

/// A new workflow; its maker is listed as Administrator.
pub fn create(cx: &mut Cx<'_>, document: &Json) -> Outcome<Saved> {
    if cx.caller.scope.read_only {
        return Err(Refusal::KeyReadOnly.into());
    }
    check_may_create(cx)?;
    let workspace = workspace(cx)?;
    let mut read = definition::read(document.clone(), None, &workspace, &mut cx.env).map_err(problems)?;
    warn_of_secrets(cx, &mut read)?;
    check_name(cx, None, &read.definition.name)?;
    let id = cx.env.new_id();
    check_runnable(id, 1, &read.definition)?;
    let new = workflows::NewWorkflow {
        id,
        workspace: cx.caller.workspace,
        name: &read.definition.name,
        document: &to_text(&read.definition),
        at: cx.now(),
        by: cx.caller.actor,
    };
    workflows::insert(cx.tx, &new)?;
    let administrator = read.definition.roles.iter().find(|role| role.admin).and_then(|role| role.id);
    let maker = super::workspaces::responsible_user(cx)?;
    if let (Some(role), Some(user)) = (administrator, maker) {
        people::set_collaborator(cx.tx, cx.caller.workspace, id, user, role)?;
    }
    let row = Activity {
        workflow: Some(id),
        after: Some(json!({ "name": read.definition.name, "revision": 1 }).to_string()),
        ..cx.activity(Kind::WorkflowCreated)
    };
    cx.append(&[row])?;
    Ok(Saved { workflow: id, name: read.definition.name, revision: 1, changed: true, warnings: read.warnings })
}

pub(super) fn check_may_create(cx: &Cx<'_>) -> Outcome<()> {
    if cx.caller.scope.role.is_some() || cx.caller.scope.workflows.is_some() {
        return Err(Refusal::KeyLacksRight { what: "create workflows".to_owned() }.into());
    }
    Ok(())
}

/// The current definition, or an earlier revision.
pub fn get(cx: &mut Cx<'_>, workflow: &str, revision: Option<i64>) -> Outcome<Stored> {
    let found = cx.workflow(workflow)?;
    check_may_read(cx, &found)?;
    let revision = revision.unwrap_or(found.workflow.revision);
    let definition = stored(cx, found.workflow.id, revision)?.ok_or(Refusal::not_found(Noun::Revision))?;
    Ok(Stored { revision, definition })
}

/// Newest first, with what it takes to show who saved them.
pub struct Revisions {
    pub found: Found,
    pub rows: Vec<RevisionRow>,
    pub key_names: KeyNames,
}

pub fn revisions(cx: &mut Cx<'_>, workflow: &str) -> Outcome<Revisions> {
    let found = cx.workflow(workflow)?;
    check_may_read(cx, &found)?;
    let rows = workflows::revisions(cx.tx, found.workflow.id)?;
    let key_names = super::activity::key_names(cx)?;
    Ok(Revisions { found, rows, key_names })
}

/// A definition tells of fields that a role hides, of people, and of what other roles may.
fn check_may_read(cx: &Cx<'_>, found: &Found) -> Outcome<()> {
    check_unnarrowed(cx, &found.workflow, "read the definition")
}

/// Changes a workflow. The same document again changes nothing.
pub fn save(cx: &mut Cx<'_>, workflow: &str, document: &Json, expected: &Expected) -> Outcome<Saved> {
    cx.hold_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    check_administrator(cx, &found.workflow)?;
    expected.check(Some(found.workflow.revision))?;
    let now = current(cx, &found)?;
    let read = definition::read(document.clone(), Some(&now), &found.workspace, &mut cx.env).map_err(problems)?;
    save_read(cx, &found, &now, read)
}

/// Goes back: an earlier revision's document becomes the newest revision.
pub fn restore(cx: &mut Cx<'_>, workflow: &str, revision: i64, expected: &Expected) -> Outcome<Saved> {
    cx.hold_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    check_administrator(cx, &found.workflow)?;
    expected.check(Some(found.workflow.revision))?;
    let now = current(cx, &found)?;
    let earlier = stored(cx, found.workflow.id, revision)?.ok_or(Refusal::not_found(Noun::Revision))?;
    let read = read_again(earlier, &found.workspace);
    save_read(cx, &found, &now, read)
}

/// An earlier revision as if it had been sent.
pub(super) fn read_again(definition: Definition, workspace: &Workspace) -> definition::Read {
    let warnings = definition::warnings(&definition, workspace);
    definition::Read { definition, asked: Asked::default(), warnings }
}

fn save_read(cx: &mut Cx<'_>, found: &Found, now: &Definition, mut read: definition::Read) -> Outcome<Saved> {
    check_calls(cx, now, &read.definition)?;
    warn_of_secrets(cx, &mut read)?;
    let definition::Read { definition, asked, mut warnings } = read;
    let (migration, more) = Migration::new(now, &definition, &asked).map_err(problems)?;
    warnings.extend(more);
    let (id, before) = (found.workflow.id, found.workflow.revision);
    let document = to_text(&definition);
    if document == to_text(now) {
        return Ok(Saved { workflow: id, name: definition.name, revision: before, changed: false, warnings });
    }
    let mut errors = IndexMap::new();
    let name = check_name(cx, Some(id), &definition.name);
    collect(&mut errors, name)?;
    let weighed = migration::weigh(cx, found, &definition, &migration)?;
    collect(&mut errors, weighed.check())?;
    if !errors.is_empty() {
        return Err(Refusals::Fields(errors).into());
    }
    let (revision, at) = (before + 1, cx.now());
    let next = definition::compile(id, revision, &definition).map_err(problems)?;
    let saved = workflows::save_revision(
        cx.tx,
        &workflows::NewRevision { id, expected_revision: before, name: &definition.name, document: &document, at, by: cx.caller.actor },
    )?;
    if !saved {
        return Err(Refusal::VersionMoved { now: Some(revision) }.into());
    }
    refresh_activity_of_stages(cx, id, now, &definition)?;
    let row = Activity {
        workflow: Some(id),
        before: Some(json!({ "name": now.name, "revision": before }).to_string()),
        after: Some(json!({ "name": definition.name, "revision": revision }).to_string()),
        ..cx.activity(Kind::DefinitionSaved)
    };
    cx.append(&[row])?;
    migration::carry(cx, found, &next, &migration, &weighed)?;
    Ok(Saved { workflow: id, name: definition.name, revision, changed: true, warnings })
}

/// Keeps what is refused by its path, so that the rest is looked at all the same.
pub(super) fn collect(errors: &mut IndexMap<String, Vec<Refusal>>, checked: Outcome<()>) -> Outcome<()> {
    match checked {
        Err(Failure::Refused(Refusals::Fields(refused))) => {
            for (path, refusals) in refused {
                errors.entry(path).or_default().extend(refusals);
            }
            Ok(())
        }
        checked => checked,
    }
}

/// Secrets serve every workflow: a key of some of them may not have one sent to where it likes.
pub(super) fn check_calls(cx: &Cx<'_>, now: &Definition, new: &Definition) -> Outcome<()> {
    let narrowed = cx.caller.scope.workflows.is_some();
    if narrowed && definition::calls_with_secrets(new) != definition::calls_with_secrets(now) {
        return Err(Refusal::KeyLacksRight { what: "change calls that carry secrets of the workspace".to_owned() }.into());
    }
    Ok(())
}

/// They may come later, or go: a step that names one is refused only when it runs.
pub(super) fn warn_of_secrets(cx: &mut Cx<'_>, read: &mut definition::Read) -> Outcome<()> {
    let named = definition::secrets(&read.definition);
    if named.is_empty() {
        return Ok(());
    }
    let there_are = secrets::list(cx.tx, cx.caller.workspace)?;
    let missing = named.into_iter().filter(|(_, name)| !there_are.iter().any(|row| row.name == *name));
    let room = PROBLEMS_MAX.saturating_sub(read.warnings.len());
    read.warnings.extend(
        missing
            .take(room)
            .map(|(path, name)| Problem { path, message: format!("secret {name} does not exist; the step fails until it does") }),
    );
    Ok(())
}

/// Names are unique in the workspace, without case.
pub(super) fn check_name(cx: &mut Cx<'_>, own: Option<Id>, name: &str) -> Outcome<()> {
    let taken = workflows::id_of_name(cx.tx, cx.caller.workspace, name)?.filter(|other| Some(*other) != own);
    match taken {
        Some(_) => Err(Refusals::field("name", Refusal::IsTaken).into()),
        None => Ok(()),
    }
}

/// A stage that becomes an end, or stops being one, takes its tasks with it.
fn refresh_activity_of_stages(cx: &mut Cx<'_>, workflow: Id, now: &Definition, new: &Definition) -> Outcome<()> {
    for stage in &new.stages {
        let before = now.stages.iter().find(|before| before.id == stage.id);
        if let (Some(id), Some(before)) = (stage.id, before)
            && before.end != stage.end
        {
            tasks::set_active_in_stage(cx.tx, workflow, id, !stage.end)?;
        }
    }
    Ok(())
}

pub(super) fn current(cx: &mut Cx<'_>, found: &Found) -> Outcome<Definition> {
    let (id, revision) = (found.workflow.id, found.workflow.revision);
    let missing = || StoreError::Corrupt { table: "definitions", id: format!("{id} revision {revision}"), what: "is missing".to_owned() };
    Ok(stored(cx, id, revision)?.ok_or_else(missing)?)
}

pub(super) fn stored(cx: &mut Cx<'_>, workflow: Id, revision: i64) -> Outcome<Option<Definition>> {
    let Some(document) = workflows::document(cx.tx, workflow, revision)? else { return Ok(None) };
    let corrupt = |error: definition::TextError| StoreError::Corrupt {
        table: "definitions",
        id: format!("{workflow} revision {revision}"),
        what: error.to_string(),
    };
    Ok(Some(definition::read_stored(&document).map_err(corrupt)?))
}

pub(super) fn workspace(cx: &mut Cx<'_>) -> Outcome<Workspace> {
    let found = people::workspace(cx.tx, cx.caller.workspace)?;
    Ok(found.ok_or(Refusal::not_found(Noun::Workspace))?.0)
}

fn to_text(definition: &Definition) -> String {
    definition::to_json(definition).to_string()
}

/// What can't be made ready to run is not saved.
pub(super) fn check_runnable(workflow: Id, revision: i64, definition: &Definition) -> Result<(), Refusals> {
    definition::compile(workflow, revision, definition).map(drop).map_err(problems)
}

/// Every problem of a document, by path.
pub(super) fn problems(problems: Vec<Problem>) -> Refusals {
    let mut refusals: IndexMap<String, Vec<Refusal>> = IndexMap::new();
    for problem in problems {
        refusals.entry(problem.path).or_default().push(Refusal::Definition { message: problem.message });
    }
    Refusals::Fields(refusals)
}
