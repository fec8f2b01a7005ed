//! Tasks that words are looked for in, by their index.

use std::cmp::Reverse;

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::workflow::Workflow;

use super::rows::{Loaded, each_match};
use super::{Question, Searched};
use crate::sql::search::{self, Candidates, Sought};
use crate::{StoreError, Tx};

/// Of the tasks that match, so many of the newest are ranked.
const RANKED_MAX: usize = 2_000;
/// With those that came since.
const RANKED_AGAIN_MAX: usize = 2 * RANKED_MAX;

impl Searched<'_> {
    pub(super) fn score(&self, task: &Task, workflow: &Workflow) -> Option<u32> {
        self.search.score(task, workflow, self.access)
    }
}

/// Matching tasks by how well they match, the newer of two first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    pub tasks: Vec<(u32, Id)>,
    /// Those before this one are not ranked, where there may be any.
    pub oldest: Option<Id>,
}

pub fn ranked(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Ranked, StoreError> {
    let (mut tasks, more) = newest(tx, question, None, RANKED_MAX)?;
    let oldest = if more || tasks.len() > RANKED_MAX { keep_newest(&mut tasks) } else { None };
    tasks.sort_unstable_by_key(|ranked| Reverse(*ranked));
    Ok(Ranked { tasks, oldest })
}

/// The same another time, with those that were made since: all from the oldest on. `None` where they have become so many that to rank
/// them would be to rank a workflow.
pub fn ranked_again(tx: &mut dyn Tx, question: &Question<'_>, oldest: Option<Id>) -> Result<Option<Vec<(u32, Id)>>, StoreError> {
    let (mut tasks, more) = newest(tx, question, oldest, RANKED_AGAIN_MAX)?;
    if more || tasks.len() > RANKED_AGAIN_MAX {
        return Ok(None);
    }
    tasks.sort_unstable_by_key(|ranked| Reverse(*ranked));
    Ok(Some(tasks))
}

/// So many of the newest that match with their scores, in no particular order, or some more; and whether there may be older ones.
fn newest(tx: &mut dyn Tx, question: &Question<'_>, oldest: Option<Id>, enough: usize) -> Result<(Vec<(u32, Id)>, bool), StoreError> {
    let Some(searched) = question.search else { return Ok((Vec::new(), false)) };
    let sought = Sought::of(tx, question.workflow.id, searched.search)?;
    let (mut tasks, mut done, mut most) = (Vec::new(), 0, enough);
    loop {
        let Candidates { tasks: candidates, more } = sought.candidates(tx, oldest, most)?;
        let ids: Vec<i64> = candidates[done..].iter().map(|id| id.as_i64()).collect();
        each_match(tx, question, &ids, &mut |Loaded { task, .. }| {
            tasks.extend(searched.score(&task, question.workflow).map(|score| (score, task.id)));
        })?;
        // Only what matches counts: where it ends must not tell of what is hidden.
        if !more || tasks.len() >= enough {
            return Ok((tasks, more));
        }
        (done, most) = (candidates.len(), most.saturating_mul(2));
    }
}

/// Answers with the oldest of them.
fn keep_newest(tasks: &mut Vec<(u32, Id)>) -> Option<Id> {
    tasks.sort_unstable_by_key(|(_, id)| Reverse(*id));
    tasks.truncate(RANKED_MAX);
    tasks.last().map(|(_, id)| *id)
}

/// All that may match, where they are few.
pub(super) fn few(tx: &mut dyn Tx, question: &Question<'_>, searched: Searched<'_>) -> Result<Option<Vec<i64>>, StoreError> {
    let found = Sought::of(tx, question.workflow.id, searched.search)?.candidates(tx, None, question.effort.few)?;
    Ok((!found.more).then(|| found.tasks.iter().map(|id| id.as_i64()).collect()))
}

/// Calls `each` for all that may match, and whether they surely do: what is indexed as it is now has all words, which are those that are
/// seen where none is hidden.
pub(super) fn each_candidate(
    tx: &mut dyn Tx,
    question: &Question<'_>,
    searched: Searched<'_>,
    each: &mut dyn FnMut(i64, bool),
) -> Result<(), StoreError> {
    let workflow = question.workflow.id;
    let queued = search::queued(tx, workflow)?;
    let seen = searched.access.sees_every_field(question.workflow) && !queued.more;
    Sought::of(tx, workflow, searched.search)?.each_indexed(tx, &mut |id| {
        // The newest of them first.
        let is_queued = queued.tasks.binary_search_by(|queued| id.cmp(&queued.as_i64())).is_ok();
        each(id, seen && !is_queued);
    })?;
    queued.tasks.iter().for_each(|id| each(id.as_i64(), false));
    Ok(())
}
