//! The rows of a file: all are decided before any is written, so that what is refused has written nothing, and what a task needs to be
//! found by is looked up once for all.

use std::collections::{HashMap, HashSet};

use baton_core::ids::Id;
use baton_core::task::body;
use baton_core::task::{Change, Task};
use baton_core::value::{Value, parse};
use baton_core::workflow::Field;
use baton_store::sql::imports;
use baton_store::sql::tasks::{self, Loaded};
use serde_json::{Map, Value as Json};

use super::{check_may_edit, draft, insert, number, place, save_change};
use crate::cx::{Cx, Failure, Found, Outcome};

/// What becomes of each row.
#[derive(Default)]
pub struct Decided {
    writes: Vec<Write>,
    unique_ids: Vec<Option<String>>,
    pub created: i64,
    pub updated: i64,
    /// What is wrong with each, if anything.
    pub errors: Vec<Option<String>>,
}

enum Write {
    New(Task),
    Change(Box<(Loaded, Task)>),
}

impl Decided {
    pub fn refused(&self) -> i64 {
        i64::try_from(self.errors.iter().flatten().count()).unwrap_or(i64::MAX)
    }
}

/// Each body is a new task, or a change of the one that has its Unique ID, which may be one of a row before it. `dry_run`: the import that
/// has foreseen what others before it would have done.
pub fn decide(cx: &mut Cx<'_>, found: &Found, bodies: &[Map<String, Json>], dry_run: Option<Id>) -> Outcome<Decided> {
    let field = found.access().unique_id_field(&found.workflow);
    let unique_ids: Vec<Option<String>> = bodies.iter().map(|body| unique_id_in(body, field?, found)).collect();
    let mut known = known(cx, found, &unique_ids, dry_run)?;
    let named_again = named_again(&unique_ids);
    let mut decided = Decided::default();
    for (body, unique_id) in bodies.iter().zip(&unique_ids) {
        let loaded = unique_id.as_ref().and_then(|unique_id| known.get(unique_id));
        let write = match loaded {
            Some(loaded) if found.access().may_see(&loaded.task, None) => revise(found, loaded, body),
            loaded => draft(cx, found, body, loaded.is_some()).map(Write::New),
        };
        let write = match write {
            Ok(write) => write,
            Err(Failure::Refused(refusals)) => {
                let sentences: Vec<String> = refusals.each().iter().map(ToString::to_string).collect();
                decided.errors.push(Some(sentences.join("; ")));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if let Some(unique_id) = unique_id.as_ref().filter(|unique_id| named_again.contains(unique_id.as_str())) {
            known.insert(unique_id.clone(), as_written(&write, found));
        }
        match &write {
            Write::New(_) => decided.created += 1,
            Write::Change(_) => decided.updated += 1,
        }
        decided.errors.push(None);
        decided.writes.push(write);
    }
    decided.unique_ids = unique_ids;
    Ok(decided)
}

/// What can't be a Unique ID is told with the row's other errors.
fn unique_id_in(body: &Map<String, Json>, field: &Field, found: &Found) -> Option<String> {
    match parse(field, &found.workspace, body.get(&field.name)?) {
        Ok(Some(Value::Text(unique_id))) => Some(unique_id),
        _ => None,
    }
}

fn known(cx: &mut Cx<'_>, found: &Found, unique_ids: &[Option<String>], dry_run: Option<Id>) -> Outcome<HashMap<String, Loaded>> {
    let named: Vec<&String> = unique_ids.iter().flatten().collect();
    let mut known: HashMap<String, Loaded> =
        tasks::of_unique_ids(cx.tx, cx.caller.workspace, found.workflow.id, &named)?.into_iter().collect();
    if let Some(import) = dry_run {
        let foreseen = imports::foreseen(cx.tx, import, &named)?;
        known.extend(foreseen.into_iter().map(|(unique_id, task)| (unique_id, not_stored(task, found))));
    }
    Ok(known)
}

fn named_again(unique_ids: &[Option<String>]) -> HashSet<&str> {
    let mut seen = HashSet::new();
    unique_ids.iter().flatten().map(String::as_str).filter(|unique_id| !seen.insert(*unique_id)).collect()
}

fn revise(found: &Found, loaded: &Loaded, body: &Map<String, Json>) -> Outcome<Write> {
    check_may_edit(found)?;
    let mut after = loaded.task.clone();
    body::write(&mut after, body, &place(found, found.access(), false))?;
    Ok(Write::Change(Box::new((loaded.clone(), after))))
}

/// The task as the next row finds it that names it.
fn as_written(write: &Write, found: &Found) -> Loaded {
    match write {
        Write::New(task) => not_stored(task.clone(), found),
        Write::Change(change) => {
            let (loaded, after) = &**change;
            let between = Change::between(&loaded.task, after);
            let version = loaded.task.version + i64::from(!between.is_empty());
            // The timers of the stage have ended with it.
            let timers = if between.stage.is_some() { 0 } else { loaded.timers };
            Loaded { task: Task { version, ..after.clone() }, timers, ..loaded.clone() }
        }
    }
}

/// A task on which nothing hangs yet.
fn not_stored(task: Task, found: &Found) -> Loaded {
    let (revision, archived) = (found.workflow.revision, found.archived);
    Loaded { task, revision, archived, workspace_version: 0, last_sequence: 0, waiting: 0, timers: 0 }
}

/// Keeps what was decided for the rows behind, instead of writing it.
pub fn foresee(cx: &mut Cx<'_>, found: &Found, decided: &Decided, import: Id) -> Outcome<()> {
    let named = decided.writes.iter().zip(&decided.unique_ids);
    let left = named.filter_map(|(write, unique_id)| Some((unique_id.clone()?, as_written(write, found).task)));
    Ok(imports::foresee(cx.tx, import, &left.collect::<Vec<_>>())?)
}

/// Writes what was decided, with its history. None of the rows may have been refused.
pub fn save(cx: &mut Cx<'_>, found: &Found, decided: Decided) -> Outcome<()> {
    let mut writes = decided.writes;
    let mut new: Vec<&mut Task> = Vec::with_capacity(writes.len());
    new.extend(writes.iter_mut().filter_map(|write| match write {
        Write::New(task) => Some(task),
        Write::Change(_) => None,
    }));
    number(cx, found, &mut new)?;
    let mut rows = Vec::with_capacity(writes.len());
    for write in writes {
        match write {
            Write::New(task) => rows.push(insert(cx, found, &task)?),
            Write::Change(change) => {
                let (loaded, mut after) = *change;
                rows.extend(save_change(cx, &found.workflow, &loaded, &mut after, None)?);
            }
        }
    }
    cx.append(&rows)
}
