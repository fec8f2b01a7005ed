//! Tasks that words are looked for in, by their index.

use std::cmp::Reverse;

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::workflow::Workflow;

use super::rows::{Loaded, each_match};
use super::{Question, Searched};
use crate::sql::search::{self, Candidates};
use crate::{StoreError, Tx};

/// Of the tasks that match, so many of the newest are ranked.
const RANKED_MAX: usize = 2_000;

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

/// The newest; or as an answer before had them, with those that were made since: all from its `oldest` on, or all.
pub fn ranked(tx: &mut dyn Tx, question: &Question<'_>, again: Option<Option<Id>>) -> Result<Ranked, StoreError> {
    let oldest = again.flatten();
    let Some(searched) = question.search else { return Ok(Ranked { tasks: Vec::new(), oldest }) };
    let (mut tasks, mut done) = (Vec::new(), 0);
    let mut most = if again.is_some() { usize::MAX } else { RANKED_MAX };
    loop {
        let Candidates { tasks: candidates, more } = search::candidates(tx, question.workflow.id, searched.search, oldest, most)?;
        let ids: Vec<i64> = candidates[done..].iter().map(|id| id.as_i64()).collect();
        each_match(tx, question, &ids, &mut |Loaded { task, .. }| {
            tasks.extend(searched.score(&task, question.workflow).map(|score| (score, task.id)));
        })?;
        // Only what matches counts: where it ends must not tell of what is hidden.
        if !more || tasks.len() >= RANKED_MAX {
            let goes_on = again.is_none() && (more || tasks.len() > RANKED_MAX);
            let oldest = if goes_on { keep_newest(&mut tasks) } else { oldest };
            tasks.sort_unstable_by_key(|ranked| Reverse(*ranked));
            return Ok(Ranked { tasks, oldest });
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
    let found = search::candidates(tx, question.workflow.id, searched.search, None, question.effort.few)?;
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
    search::each_indexed(tx, workflow, searched.search, &mut |id| {
        // The newest of them first.
        let is_queued = queued.tasks.binary_search_by(|queued| id.cmp(&queued.as_i64())).is_ok();
        each(id, seen && !is_queued);
    })?;
    queued.tasks.iter().for_each(|id| each(id.as_i64(), false));
    Ok(())
}
