//! Tasks: read, created, changed, deleted by callers. Steps of executions write through the same functions.

mod batch;
pub(super) mod rows;

pub use batch::{create_or_update_all, update_all};

use baton_core::access::Access;
use baton_core::activity::{Activity, Kind};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::task::body::{self, Place};
use baton_core::task::{Change, Task};
use baton_core::value::{self, FilterKey, Value};
use baton_core::workflow::{Field, FieldKind, Workflow};
use baton_store::sql::tasks;
use serde_json::{Map, Value as Json};

use super::timers;
use crate::cx::{Cx, Found, Outcome};

/// `If-Match`: what the caller has seen, which must still be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    #[default]
    Anything,
    /// `*`: it must be there.
    Existing,
    Versions(Vec<i64>),
}

impl Expected {
    /// `now` is the version as it is, or `None` where there is nothing yet.
    pub(super) fn check(&self, now: Option<i64>) -> Result<(), Refusal> {
        let holds = match self {
            Expected::Anything => true,
            Expected::Existing => now.is_some(),
            Expected::Versions(versions) => now.is_some_and(|now| versions.contains(&now)),
        };
        if holds { Ok(()) } else { Err(Refusal::VersionMoved { now }) }
    }
}

/// A task with what it takes to show it.
pub struct Shown {
    pub found: Found,
    pub task: Task,
}

pub fn get(cx: &mut Cx<'_>, workflow: &str, task: &str) -> Outcome<Shown> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    Ok(Shown { found, task: loaded.task })
}

/// `POST .../tasks`: a new task, or a change of the one that has the body's Unique ID.
pub fn create_or_update(cx: &mut Cx<'_>, workflow: &str, body: &Map<String, Json>, expected: &Expected) -> Outcome<(Shown, bool)> {
    cx.share_definition(workflow)?;
    let found = cx.writable_workflow(workflow)?;
    change_or_create(cx, found, body, expected)
}

fn change_or_create(cx: &mut Cx<'_>, found: Found, body: &Map<String, Json>, expected: &Expected) -> Outcome<(Shown, bool)> {
    let named = by_unique_id(cx, &found, body)?;
    let hidden = matches!(named, Named::Hidden);
    match named {
        Named::Seen(loaded) => Ok((change(cx, found, *loaded, body, expected)?, false)),
        Named::Hidden | Named::Nothing => {
            expected.check(None)?;
            Ok((create(cx, found, body, hidden)?, true))
        }
    }
}

/// `PUT .../tasks` and `PUT .../tasks/<unique-id>`: a change of a task that there is.
pub fn update(cx: &mut Cx<'_>, workflow: &str, task: Option<&str>, body: &Map<String, Json>, expected: &Expected) -> Outcome<Shown> {
    cx.share_definition(workflow)?;
    let (found, loaded) = match task {
        Some(task) => cx.task(workflow, task, true)?,
        None => {
            let found = cx.writable_workflow(workflow)?;
            let Named::Seen(loaded) = by_unique_id(cx, &found, body)? else { return Err(Refusal::not_found(Noun::Task).into()) };
            (found, *loaded)
        }
    };
    cx.check_writable(&found)?;
    change(cx, found, loaded, body, expected)
}

pub fn delete(cx: &mut Cx<'_>, workflow: &str, task: &str, expected: &Expected) -> Outcome<()> {
    let (found, loaded) = cx.task(workflow, task, true)?;
    cx.check_writable(&found)?;
    if !cx.caller.scope.access(&found.workflow).may_delete() {
        return Err(Refusal::KeyLacksRight { what: format!("delete {}", found.workflow.plural) }.into());
    }
    expected.check(Some(loaded.task.version))?;
    let row = remove(cx, &loaded.task)?;
    cx.append(&[row])
}

/// What the Unique ID of a body stands for.
enum Named {
    Seen(Box<tasks::Loaded>),
    /// A task that the caller's role does not show.
    Hidden,
    /// The body has none, or no task has it.
    Nothing,
}

fn by_unique_id(cx: &mut Cx<'_>, found: &Found, body: &Map<String, Json>) -> Outcome<Named> {
    let Some(field) = found.access().unique_id_field(&found.workflow) else { return Ok(Named::Nothing) };
    let Some(given) = body.get(&field.name) else { return Ok(Named::Nothing) };
    // What can't be a Unique ID is told with the body's other errors.
    let Ok(Some(Value::Text(unique_id))) = value::parse(field, &found.workspace, given) else { return Ok(Named::Nothing) };
    let Some(id) = tasks::id_of_unique(cx.tx, found.workflow.id, &unique_id)? else { return Ok(Named::Nothing) };
    let loaded = tasks::load(cx.tx, cx.caller.workspace, found.workflow.id, id, true)?;
    Ok(match loaded {
        Some(loaded) if found.access().may_see(&loaded.task, None) => Named::Seen(Box::new(loaded)),
        Some(_) => Named::Hidden,
        None => Named::Nothing,
    })
}

/// A Unique ID that somebody else gives away meanwhile breaks the constraint; then all of the command is run again,
/// finds that task, and changes it.
fn create(cx: &mut Cx<'_>, found: Found, body: &Map<String, Json>, unique_id_taken: bool) -> Outcome<Shown> {
    let mut task = draft(cx, &found, body, unique_id_taken)?;
    number(cx, &found, &mut [&mut task])?;
    let row = insert(cx, &found, &task)?;
    cx.append(&[row])?;
    Ok(Shown { found, task })
}

/// A new task, not yet stored.
fn draft(cx: &mut Cx<'_>, found: &Found, body: &Map<String, Json>, unique_id_taken: bool) -> Outcome<Task> {
    let access = cx.caller.scope.access(&found.workflow);
    if !access.may_create() || body::lacks_a_required_field(&found.workflow, access) {
        return Err(Refusal::KeyLacksRight { what: format!("create {}", found.workflow.plural) }.into());
    }
    let now = cx.now();
    let mut task = Task {
        id: cx.env.new_id(),
        workflow: found.workflow.id,
        stage: found.workflow.first_stage().id,
        assignee: None,
        values: std::collections::BTreeMap::new(),
        version: 1,
        created_at: now,
        updated_at: now,
        created_by: cx.actor(),
        performers: std::collections::BTreeMap::new(),
    };
    let written = body::write(&mut task, body, &place(found, access, true));
    with_taken(written, found.workflow.unique_id_field().filter(|_| unique_id_taken))?;
    Ok(task)
}

/// Gives new tasks their Unique IDs, where those count by themselves.
fn number(cx: &mut Cx<'_>, found: &Found, new: &mut [&mut Task]) -> Outcome<()> {
    let field = found.workflow.unique_id_field();
    let Some(field) = field.filter(|field| matches!(field.kind, FieldKind::UniqueId { autoincrement: true })) else { return Ok(()) };
    let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let first = tasks::next_unique_numbers(cx.tx, found.workflow.id, count)?;
    for (number, task) in (first..).zip(new) {
        task.values.insert(field.id, Value::Text(number.to_string()));
    }
    Ok(())
}

/// Stores a new task; answers with the history's row, not yet appended.
fn insert(cx: &mut Cx<'_>, found: &Found, task: &Task) -> Outcome<Activity> {
    let keys = filter_keys(&found.workflow, task);
    tasks::insert(cx.tx, cx.caller.workspace, task, unique_id(&found.workflow, task), found.workflow.is_active(task.stage), &keys)?;
    Ok(Activity { after: Some(task.state_json()), ..cx.task_activity(Kind::TaskCreated, task) })
}

fn change(cx: &mut Cx<'_>, found: Found, loaded: tasks::Loaded, body: &Map<String, Json>, expected: &Expected) -> Outcome<Shown> {
    check_may_edit(&found)?;
    expected.check(Some(loaded.task.version))?;
    let mut after = loaded.task.clone();
    let written = body::write(&mut after, body, &place(&found, found.access(), false));
    let is_other = unique_id(&found.workflow, &after) != unique_id(&found.workflow, &loaded.task);
    let taken = if is_other { taken_unique_id(cx, &found.workflow, &after)? } else { None };
    with_taken(written, taken)?;
    let rows = save_change(cx, &found.workflow, &loaded, &mut after, None)?;
    cx.append(&rows)?;
    Ok(Shown { found, task: after })
}

fn check_may_edit(found: &Found) -> Result<(), Refusal> {
    if found.access().may_edit() { Ok(()) } else { Err(Refusal::KeyLacksRight { what: format!("edit {}", found.workflow.plural) }) }
}

fn place<'a>(found: &'a Found, access: Access<'a>, new: bool) -> Place<'a> {
    Place { workflow: &found.workflow, workspace: &found.workspace, access, person: None, new }
}

/// The field, where another task has what this one has in it.
pub(super) fn taken_unique_id<'a>(cx: &mut Cx<'_>, workflow: &'a Workflow, task: &Task) -> Outcome<Option<&'a Field>> {
    let (Some(field), Some(given)) = (workflow.unique_id_field(), unique_id(workflow, task)) else { return Ok(None) };
    let other = tasks::id_of_unique(cx.tx, workflow.id, given)?.filter(|other| *other != task.id);
    Ok(other.map(|_| field))
}

/// Told along with all else that is wrong with the body.
fn with_taken(written: Result<(), Refusals>, taken: Option<&Field>) -> Result<(), Refusals> {
    let Some(field) = taken else { return written };
    match written {
        Err(Refusals::Fields(mut fields)) => {
            fields.entry(field.name.clone()).or_default().push(Refusal::IsTaken);
            Err(Refusals::Fields(fields))
        }
        Err(other) => Err(other),
        Ok(()) => Err(Refusals::field(&field.name, Refusal::IsTaken)),
    }
}

/// Stores what differs between a loaded task and `after`, raising its version; answers with the history's rows,
/// not yet appended. `finished` is the sequence of the execution that ends with it.
pub(super) fn save_change(
    cx: &mut Cx<'_>,
    workflow: &Workflow,
    loaded: &tasks::Loaded,
    after: &mut Task,
    finished: Option<i64>,
) -> Outcome<Vec<Activity>> {
    let before = &loaded.task;
    let change = Change::between(before, after);
    if change.is_empty() && before.performers == after.performers {
        if let Some(sequence) = finished {
            tasks::finish_sequence(cx.tx, before.id, sequence)?;
        }
        return Ok(Vec::new());
    }
    let rows = told(cx, before, after, &change, loaded.timers)?;
    let keys_of = |id: &Id, value: &Option<Value>| match (workflow.field(*id), value) {
        (Some(field), Some(value)) => value::filter_keys(field, value),
        _ => Vec::new(),
    };
    let removed: Vec<FilterKey> = change.values.iter().flat_map(|(id, (before, _))| keys_of(id, before)).collect();
    let added: Vec<FilterKey> = change.values.iter().flat_map(|(id, (_, after))| keys_of(id, after)).collect();
    let write = tasks::Update {
        before,
        task: after,
        unique_key: unique_id(workflow, after),
        active: workflow.is_active(after.stage),
        removed: &removed,
        added: &added,
        finished_sequence: finished,
    };
    tasks::update(cx.tx, cx.caller.workspace, &write)?;
    Ok(rows)
}

/// The rows of a change, which raises the task's version; with the stage end the timers that end with it.
pub(super) fn told(cx: &mut Cx<'_>, before: &Task, after: &mut Task, change: &Change, ending: i64) -> Outcome<Vec<Activity>> {
    let mut rows = Vec::new();
    if !change.is_empty() {
        after.version = before.version + 1;
        after.updated_at = cx.now();
        rows.push(Activity {
            before: Some(change.before_json()),
            after: Some(change.after_json()),
            ..cx.task_activity(Kind::TaskUpdated, after)
        });
    }
    if change.stage.is_some() && ending > 0 {
        rows.extend(timers::leave_stage(cx, after)?);
    }
    Ok(rows)
}

/// Deletes a task with everything that hangs on it; the history keeps that it was, and by whom.
pub(super) fn remove(cx: &mut Cx<'_>, task: &Task) -> Outcome<Activity> {
    tasks::delete(cx.tx, cx.caller.workspace, task.workflow, task.id)?;
    Ok(cx.task_activity(Kind::TaskDeleted, task))
}

pub(super) fn unique_id<'a>(workflow: &Workflow, task: &'a Task) -> Option<&'a str> {
    match task.values.get(&workflow.unique_id_field()?.id) {
        Some(Value::Text(unique_id)) => Some(unique_id),
        _ => None,
    }
}

fn filter_keys(workflow: &Workflow, task: &Task) -> Vec<FilterKey> {
    let values = task.values.iter().filter_map(|(id, value)| Some((workflow.field(*id)?, value)));
    values.flat_map(|(field, value)| value::filter_keys(field, value)).collect()
}
