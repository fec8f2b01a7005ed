//! The one writer: drains its queue into groups, one commit for all of a group.
//!
//! Works run one after the other without savepoints, for nearly all that refuse do so before they write anything. When
//! one fails after it has written, the whole group is rolled back and run again, each within a savepoint of its own.

use rusqlite::Connection;

use super::error::commit_error;
use super::tx::{Savepoint, SqliteTx, Statements};
use crate::StoreError;
use crate::measure::{Begun, Measures};
use crate::queue::Works;
use crate::work::Work;

/// Works that share one commit; more would make the first of them wait too long.
const GROUP_MAX: usize = 256;

/// Runs until the store is closed and the queue is empty.
pub(super) fn write_groups(connection: Connection, works: &Works) {
    let mut tx = SqliteTx::new(Statements::new(&connection), Savepoint::Unneeded);
    let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP_MAX);
    while let Some(first) = works.next() {
        group.push(first);
        group.extend(works.waiting().take(GROUP_MAX - 1));
        group.retain(|work| !work.is_abandoned());
        while !group.is_empty() {
            let (run, outcome) = write_group(&mut tx, &mut group, &works.measures);
            if let Err(error) = &outcome {
                tracing::error!(%error, works = run, "a commit failed");
            }
            for work in group.drain(..run) {
                work.answer(outcome.clone());
            }
        }
    }
}

/// Runs works from the front of the group and commits them; answers with how many were run and what became of them.
/// All are run, unless something ends the transaction under them.
fn write_group(tx: &mut SqliteTx<Statements<'_>>, group: &mut [Box<dyn Work>], measures: &Measures) -> (usize, Result<(), StoreError>) {
    match run_group(tx, group, Savepoint::Unneeded, measures) {
        Ran::Spoiled => match run_group(tx, group, Savepoint::Before, measures) {
            Ran::Ended { run, outcome } => (run, outcome),
            Ran::Spoiled => unreachable!("a savepoint keeps works apart"),
        },
        Ran::Ended { run, outcome } => (run, outcome),
    }
}

enum Ran {
    Ended {
        run: usize,
        outcome: Result<(), StoreError>,
    },
    /// A work has failed after it had written, and everything is rolled back.
    Spoiled,
}

fn run_group(tx: &mut SqliteTx<Statements<'_>>, group: &mut [Box<dyn Work>], savepoint: Savepoint, measures: &Measures) -> Ran {
    let ended = |run: usize, outcome: Result<(), StoreError>| Ran::Ended { run, outcome };
    if let Err(error) = tx.run("BEGIN IMMEDIATE") {
        return ended(group.len(), Err(error));
    }
    for (index, work) in group.iter_mut().enumerate() {
        tx.begin_work(savepoint);
        let keep = work.run(tx);
        // A full disk or an I/O error may make SQLite roll back everything, also what the works before had done; then
        // there is no savepoint left to end either.
        if tx.connection().is_autocommit() {
            let unexplained = || StoreError::Unavailable("the transaction was rolled back".to_owned());
            return ended(index + 1, Err(tx.take_grave().unwrap_or_else(unexplained)));
        }
        if savepoint == Savepoint::Unneeded && !keep && tx.wrote() {
            roll_back(tx);
            return Ran::Spoiled;
        }
        if let Err(error) = tx.end_work(keep) {
            roll_back(tx);
            return ended(index + 1, Err(error));
        }
    }
    let begun = Begun::now();
    let outcome = commit(tx);
    measures.commits.took(begun.took());
    measures.shared.add(group.len() as u64);
    ended(group.len(), outcome)
}

fn commit(tx: &mut SqliteTx<Statements<'_>>) -> Result<(), StoreError> {
    match tx.run_raw("COMMIT")? {
        Ok(()) => Ok(()),
        Err(error) => {
            let error = commit_error(tx.connection(), error);
            roll_back(tx);
            Err(error)
        }
    }
}

fn roll_back(tx: &mut SqliteTx<Statements<'_>>) {
    if !tx.connection().is_autocommit()
        && let Err(error) = tx.run("ROLLBACK")
    {
        tracing::error!(%error, "a rollback failed");
    }
}
