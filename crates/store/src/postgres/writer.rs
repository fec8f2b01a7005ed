//! A thread that writes. When many works wait, several share a transaction and so a commit.

use super::error::{Failure, Kind};
use super::session::Session;
use super::tx::PostgresTx;
use crate::StoreError;
use crate::measure::{Begun, Measures};
use crate::queue::Works;
use crate::work::Work;

/// Works that share one commit; their locks are all held until it.
const GROUP_MAX: usize = 32;
/// How often a work is run when it meets others or loses its connection.
const RUNS_MAX: usize = 5;
/// Of a node that stands still, one session holds a lock until it has been idle for long (`SETTINGS`); those of its sessions that wait
/// for it must not get it one after the other then, each to hold it for as long again.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '2s'";
/// Works of two groups may want the same rows in different orders. Rather than let the database find that circle, which
/// takes it a second, a group that waits gives way, and its works are run one by one.
const BEGIN_GROUP: &str = "BEGIN; SET LOCAL lock_timeout = '20ms'";

/// Runs until the store is closed and the queue is empty. `writers` is how many share the queue.
pub(super) fn write_groups(mut session: Session, works: &Works, writers: usize) {
    let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP_MAX);
    while let Some(first) = works.next() {
        group.push(first);
        let share = (works.len() / writers).min(GROUP_MAX - 1);
        group.extend(works.waiting().take(share));
        group.retain(|work| !work.is_abandoned());
        if group.len() > 1 {
            write_together(&mut session, &mut group, &works.measures);
        }
        for work in group.drain(..) {
            write_alone(&mut session, work, &works.measures);
        }
    }
}

/// Runs the group in one transaction. What is left in it afterwards has not happened and is to be run one by one.
fn write_together(session: &mut Session, group: &mut Vec<Box<dyn Work>>, measures: &Measures) {
    let mut tx = PostgresTx::new(session, BEGIN_GROUP);
    for work in group.iter_mut() {
        tx.next_work();
        let keep = work.run(&mut tx);
        // There are no savepoints: one that fails after it has written, or on a statement, spoils the transaction. One
        // that refuses after looks alone costs nothing.
        if tx.take_failure().is_some() || (!keep && tx.wrote()) {
            tx.roll_back();
            return;
        }
    }
    match commit(tx, group.len(), measures) {
        Ok(()) => group.drain(..).for_each(|work| work.answer(Ok(()))),
        Err(Failure { error: error @ StoreError::OutcomeUnknown(_), .. }) => {
            tracing::error!(%error, works = group.len(), "a commit failed");
            group.drain(..).for_each(|work| work.answer(Err(error.clone())));
        }
        // The database has said no: nothing has happened.
        Err(_) => {}
    }
}

fn commit(tx: PostgresTx<'_>, works: usize, measures: &Measures) -> Result<(), Failure> {
    let begun = Begun::now();
    let committed = tx.commit();
    measures.commits.took(begun.took());
    measures.shared.add(works as u64);
    committed
}

fn write_alone(session: &mut Session, mut work: Box<dyn Work>, measures: &Measures) {
    let mut duplicate = false;
    for run in 1..=RUNS_MAX {
        let mut tx = PostgresTx::new(session, BEGIN);
        let keep = work.run(&mut tx);
        let failure = match tx.take_failure() {
            Some(failure) => {
                tx.roll_back();
                failure
            }
            None if keep => match commit(tx, 1, measures) {
                Ok(()) => return work.answer(Ok(())),
                Err(failure) => failure,
            },
            None => {
                // Nothing stays, so the caller need not wait for the end of the transaction.
                work.answer(Ok(()));
                return tx.roll_back();
            }
        };
        let again = match failure.kind {
            Kind::Broken | Kind::Race => run < RUNS_MAX,
            Kind::Duplicate => !std::mem::replace(&mut duplicate, true),
            Kind::Other => false,
        };
        if !again {
            // A work that saw its statement fail says itself what that means; one that did not must not pass for done.
            return work.answer(if keep { Err(failure.error) } else { Ok(()) });
        }
    }
}
