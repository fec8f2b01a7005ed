//! One chunk of an import in one transaction: its rows become tasks, all or none, and it is written how far the import is.

use std::sync::Arc;

use baton_core::activity::{Activity, Kind};
use baton_core::csv;
use baton_core::limits::STARTS_MAX;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::told::Told;
use baton_store::Tx;
use baton_store::sql::imports::{self, Import, Status};
use baton_store::sql::jobs::{self, Job, Takes};
use parking_lot::Mutex;
use serde_json::json;

use super::{check_may_import, check_may_write, rows_kept_until};
use crate::auth;
use crate::cache::Learned;
use crate::commands::runs::cx_of;
use crate::commands::tasks::rows;
use crate::cx::{Cx, Failure, Found, Outcome};
use crate::engine::Shared;
use crate::worker::Claims;

/// Carries out the next chunk of a claimed import, and claims whichever import comes after that. `fault`: it has failed by a fault of ours
/// too often, and only says so.
pub(crate) fn run_chunk(shared: &Arc<Shared>, tx: &mut dyn Tx, job: &Job, fault: bool) -> Outcome<(Option<Job>, Learned)> {
    let claim = job.claim.as_ref().expect("a job that runs is claimed");
    jobs::finish(tx, job.id, claim)?;
    let mut learned = Learned::default();
    if let Some(mut import) = imports::load(tx, job.id, true)?.filter(|import| import.status == Status::Pending) {
        let (claims, request) = (Mutex::new(Claims::new(&shared.worker)), import.request.clone());
        let mut cx = cx_of(shared, tx, &claims, import.workspace, import.actor, request.as_deref());
        let ended = carry_on(&mut cx, &mut import, job, fault)?;
        learned = cx.learned;
        if !ended {
            jobs::put_back(tx, &Job { claim: None, starts: 0, ..*job }, claim)?;
        }
    }
    let by = shared.worker.claim_at(shared.clock.monotonic());
    let next = by.map(|by| jobs::claim_next(tx, &by, shared.clock.now(), Takes::Import)).transpose()?.flatten();
    Ok((next, learned))
}

/// Whether the import has ended.
fn carry_on(cx: &mut Cx<'_>, import: &mut Import, job: &Job, fault: bool) -> Outcome<bool> {
    let stopped = if fault {
        Some(Refusal::Panicked { step: None })
    } else if job.starts > STARTS_MAX {
        Some(Refusal::ImportInterrupted { row: import.counts.done + 1 })
    } else {
        import.cancelled_by.clone().map(|by| Refusal::Cancelled { by })
    };
    let refusals = match stopped {
        Some(refusal) => vec![refusal],
        None => match next_piece(cx, import) {
            Ok(()) if import.next_piece <= import.pieces => return Ok(false),
            Ok(()) => Vec::new(),
            // It was decided before anything was written.
            Err(Failure::Refused(refusals)) => refusals.each(),
            Err(failure) => return Err(failure),
        },
    };
    finish(cx, import, refusals)?;
    Ok(true)
}

fn next_piece(cx: &mut Cx<'_>, import: &mut Import) -> Outcome<()> {
    if import.next_piece > import.pieces {
        return Ok(());
    }
    let found = place(cx, import)?;
    let columns = csv::columns(&import.header, &import.targets, &found.workflow)?;
    let rows = imports::piece(cx.tx, import.id, import.next_piece)?;
    let bodies: Vec<_> = rows.iter().map(|row| csv::body(&row.cells, &columns)).collect();
    let decided = rows::decide(cx, &found, &bodies, import.dry_run.then_some(import.id))?;
    let (count, refused) = (i64::try_from(rows.len()).unwrap_or(i64::MAX), decided.refused());
    import.next_piece += 1;
    let counts = &mut import.counts;
    counts.done += count;
    if refused > 0 {
        counts.failed += count;
        counts.refused += refused;
        return Ok(imports::progress(cx.tx, import, Some(&decided.errors))?);
    }
    counts.created += decided.created;
    counts.updated += decided.updated;
    if import.dry_run {
        rows::foresee(cx, &found, &decided, import.id)?;
    } else {
        rows::save(cx, &found, decided)?;
    }
    Ok(imports::progress(cx.tx, import, None)?)
}

/// The workflow as it is, and what the key may do in it now.
fn place(cx: &mut Cx<'_>, import: &Import) -> Outcome<Found> {
    let now = cx.now();
    cx.caller = auth::authenticate_again(cx.tx, import.workspace, import.actor, now)?;
    let workflow = import.workflow.to_string();
    cx.share_definition(&workflow)?;
    let gone = Failure::Refused(Refusals::Plain(Refusal::not_found(Noun::Workflow)));
    let found = cx.writable_workflow(&workflow).map_err(|failure| if failure == gone { Refusal::WorkflowGone.into() } else { failure })?;
    check_may_import(&found)?;
    check_may_write(&found, &import.targets)?;
    Ok(found)
}

/// The end of an import. What was not imported is kept for a while, for whoever wants to mend it.
pub(super) fn finish(cx: &mut Cx<'_>, import: &Import, mut refusals: Vec<Refusal>) -> Outcome<()> {
    let counts = import.counts;
    if counts.failed > 0 {
        refusals.push(Refusal::RowsRefused { refused: counts.refused, held_back: counts.failed - counts.refused });
    }
    let status = if refusals.is_empty() { Status::Success } else { Status::Fail };
    let errors: Vec<Told> = refusals.iter().map(Refusal::told).collect();
    let now = cx.now();
    let clear_at = match status {
        Status::Fail => Some(rows_kept_until(now)),
        // What a dry run has foreseen.
        _ => import.dry_run.then_some(now),
    };
    imports::finish(cx.tx, import.id, status, now, &errors, clear_at)?;
    if import.dry_run {
        return Ok(());
    }
    let after = json!({
        "import": import.id, "status": status.name(), "created": counts.created, "updated": counts.updated, "failed": counts.failed,
    });
    let row = Activity {
        workflow: Some(import.workflow),
        request: import.request.clone(),
        actor: import.actor,
        after: Some(after.to_string()),
        ..cx.activity(Kind::ImportFinished)
    };
    cx.append(&[row])
}
