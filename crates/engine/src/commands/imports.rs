//! Imports: a file of rows is taken in piece by piece, accepted as a whole, and carried out chunk by chunk (`chunk.rs`) by a job like
//! any other.

mod chunk;

pub(crate) use chunk::run_chunk;

use baton_core::activity::{Activity, Kind};
use baton_core::csv::{self, Row, Target};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::limits::{IMPORT_REFUSED_KEPT, IMPORT_UPLOAD_MAX, WAITING_IMPORTS_MAX};
use baton_core::refusal::{Noun, Refusal};
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_store::sql::imports::{self, Counts};
pub use baton_store::sql::imports::{Import, Left, Status};
use baton_store::sql::jobs::{self, Job, Takes};
use indexmap::IndexMap;
use serde_json::json;

use crate::cx::{Cx, Failure, Found, Outcome};

/// Before the first row: the columns and who sends them, and an import that nobody sees until it is whole.
pub fn begin(cx: &mut Cx<'_>, workflow: &str, header: &[String], mapping: &IndexMap<String, Option<String>>, dry_run: bool) -> Outcome<Id> {
    let found = cx.writable_workflow(workflow)?;
    check_may_import(&found)?;
    let targets = csv::targets(header, mapping, &found.workflow, found.access())?;
    check_may_write(&found, &targets)?;
    let (id, now) = (cx.env.new_id(), cx.now());
    // Each may be large, and they are carried out one after the other.
    if jobs::count_claimable(cx.tx, cx.caller.workspace, Takes::Import, now, WAITING_IMPORTS_MAX)? == WAITING_IMPORTS_MAX {
        return Err(Refusal::TooManyImports.into());
    }
    let import = Import {
        id,
        workspace: cx.caller.workspace,
        workflow: found.workflow.id,
        status: Status::Absent,
        dry_run,
        actor: cx.caller.actor,
        request: cx.request.map(str::to_owned),
        created_at: now,
        finished_at: None,
        header: header.to_vec(),
        targets,
        rows: 0,
        pieces: 0,
        next_piece: 1,
        counts: Counts::default(),
        cancelled_by: None,
        errors: Vec::new(),
    };
    imports::insert(cx.tx, &import, unless_more_comes(now))?;
    Ok(id)
}

/// The next rows of it.
pub fn add(cx: &mut Cx<'_>, import: Id, rows: usize, content: &str) -> Outcome<()> {
    let until = unless_more_comes(cx.now());
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    if imports::add(cx.tx, import, rows, content, until)? { Ok(()) } else { Err(Refusal::not_found(Noun::Import).into()) }
}

fn unless_more_comes(now: Timestamp) -> Timestamp {
    now.plus_micros(i64::try_from(IMPORT_UPLOAD_MAX.as_micros()).unwrap_or(i64::MAX))
}

/// Rows as [`add`] takes them.
pub fn content(rows: &[Row]) -> String {
    serde_json::to_string(rows).expect("texts are JSON")
}

/// All has come: from now on it is an import, and the job that carries it out is there.
pub fn accept(cx: &mut Cx<'_>, workflow: &str, import: Id) -> Outcome<Import> {
    let found = cx.writable_workflow(workflow)?;
    check_may_import(&found)?;
    let gone = || Refusal::not_found(Noun::Import);
    if !imports::accept(cx.tx, import)? {
        return Err(gone().into());
    }
    let import = imports::load(cx.tx, import, false)?.ok_or_else(gone)?;
    let job = Job {
        id: import.id,
        workspace: import.workspace,
        task: import.id,
        sequence: 1,
        ready: true,
        claim: None,
        starts: 0,
        due_at: None,
        takes: Takes::Import,
    };
    jobs::insert(cx.tx, &job)?;
    if !import.dry_run {
        let after = json!({ "import": import.id, "rows": import.rows });
        let row = Activity { workflow: Some(import.workflow), after: Some(after.to_string()), ..cx.activity(Kind::ImportStarted) };
        cx.append(&[row])?;
    }
    cx.wake_after();
    Ok(import)
}

/// What has come of it is thrown away.
pub fn give_up(cx: &mut Cx<'_>, import: Id) -> Outcome<()> {
    Ok(imports::give_up(cx.tx, import)?)
}

/// As the caller may see it.
pub fn get(cx: &mut Cx<'_>, workflow: &str, import: &str) -> Outcome<Import> {
    let (found, import) = find(cx, workflow, import)?;
    Ok(as_seen(&found, import))
}

/// Newest first, those before `before`.
pub fn list(cx: &mut Cx<'_>, workflow: &str, before: Option<Id>, limit: usize) -> Outcome<Vec<Import>> {
    let found = cx.workflow(workflow)?;
    check_may_import(&found)?;
    let listed = imports::list(cx.tx, found.workflow.id, before, limit)?;
    Ok(listed.into_iter().map(|import| as_seen(&found, import)).collect())
}

/// Ends an import between two chunks. One that nobody carries out at this moment ends at once.
pub fn cancel(cx: &mut Cx<'_>, workflow: &str, import: &str) -> Outcome<Import> {
    let (found, import) = find(cx, workflow, import)?;
    cx.check_writable(&found)?;
    let by = cx.caller_named();
    if !imports::cancel(cx.tx, import.id, &by)? {
        return Err(Refusal::ImportHasEnded.into());
    }
    // What has been imported until here is known only now.
    let load = |cx: &mut Cx<'_>| imports::load(cx.tx, import.id, false)?.ok_or_else(|| Failure::from(Refusal::not_found(Noun::Import)));
    if jobs::withdraw(cx.tx, import.id)? {
        let import = load(cx)?;
        chunk::finish(cx, &import, vec![Refusal::Cancelled { by }])?;
    }
    Ok(as_seen(&found, load(cx)?))
}

/// The first piece after `after` of the rows that were not imported, with the names of the columns. They are the values of whoever has
/// sent them, and are for that key, and for those that see everything.
pub fn left(cx: &mut Cx<'_>, workflow: &str, import: &str, after: i64) -> Outcome<(Import, Option<Left>)> {
    let (found, import) = find(cx, workflow, import)?;
    let sees_all = found.access().sees_every_field(&found.workflow) && !found.access().sees_assigned_only();
    if import.actor != cx.caller.actor && !sees_all {
        return Err(Refusal::KeyLacksRight { what: "see the rows of another key's import".to_owned() }.into());
    }
    if rows_are_gone(&import, cx.now()) {
        return Err(Refusal::RowsGone.into());
    }
    let left = imports::left(cx.tx, import.id, after)?;
    // What is still to come has not been refused.
    let left = left.filter(|left| import.status != Status::Pending || left.errors.is_some());
    Ok((import, left))
}

/// A chore throws them away one by one, so that none is shown once it may have begun.
fn rows_are_gone(import: &Import, now: Timestamp) -> bool {
    let Counts { done, failed, .. } = import.counts;
    let had_some = failed > 0 || done < import.rows;
    had_some && import.finished_at.is_some_and(|finished_at| rows_kept_until(finished_at) <= now)
}

/// The rows of an import that ended then.
fn rows_kept_until(finished_at: Timestamp) -> Timestamp {
    finished_at.plus_micros(i64::try_from(IMPORT_REFUSED_KEPT.as_micros()).unwrap_or(i64::MAX))
}

fn find(cx: &mut Cx<'_>, workflow: &str, import: &str) -> Outcome<(Found, Import)> {
    let found = cx.workflow(workflow)?;
    check_may_import(&found)?;
    let loaded = match import.parse() {
        Ok(id) => imports::load(cx.tx, id, false)?,
        Err(_) => None,
    };
    let is_here = |import: &Import| import.workflow == found.workflow.id && import.status != Status::Absent;
    let import = loaded.filter(is_here).ok_or(Refusal::not_found(Noun::Import))?;
    Ok((found, import))
}

fn as_seen(found: &Found, mut import: Import) -> Import {
    if !found.access().sees_every_field(&found.workflow) {
        import.errors = import.errors.into_iter().map(Told::without_quotes).collect();
    }
    import
}

fn check_may_import(found: &Found) -> Result<(), Refusal> {
    lacks(found, "import", found.access().may_import())
}

/// Without a Unique ID every row is a new task.
fn check_may_write(found: &Found, targets: &[Option<Target>]) -> Result<(), Refusal> {
    let unique_id = found.workflow.unique_id_field().map(|field| Target::Field(field.id));
    let may_update = unique_id.is_some_and(|unique_id| targets.contains(&Some(unique_id))) && found.access().may_edit();
    lacks(found, "create", found.access().may_create() || may_update)
}

fn lacks(found: &Found, right: &str, has: bool) -> Result<(), Refusal> {
    if has { Ok(()) } else { Err(Refusal::KeyLacksRight { what: format!("{right} {}", found.workflow.plural) }) }
}
