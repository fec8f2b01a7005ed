//! Several runs as one, in the order of creation. What was read of a run and is not its turn yet is kept, so each is looked into again
//! only when all of it has been given.

use std::collections::VecDeque;

use super::Question;
use super::scan::{self, Run, Way};
use crate::{StoreError, Tx};

/// Read of each run at least: once it is looked into, some more cost next to nothing.
const READ_MIN: usize = 16;

pub(super) struct Merge<'r> {
    runs: Vec<Ahead<'r>>,
    descending: bool,
}

/// What has been read of a run, and not been given.
struct Ahead<'r> {
    run: &'r Run,
    way: Way,
    ids: VecDeque<i64>,
    /// There may be more behind them.
    more: bool,
}

/// The next ids.
pub(super) struct Given {
    pub ids: Vec<i64>,
    /// Runs that were looked into.
    pub looks: usize,
    pub more: bool,
}

impl<'r> Merge<'r> {
    pub fn new(runs: &'r [Run], way: Way) -> Merge<'r> {
        let ahead = |run| Ahead { run, way, ids: VecDeque::new(), more: true };
        Merge { runs: runs.iter().map(ahead).collect(), descending: matches!(way, Way::Falling(_)) }
    }

    /// About `step` ids, and at least one where there is any.
    pub fn next(&mut self, tx: &mut dyn Tx, question: &Question<'_>, step: usize) -> Result<Given, StoreError> {
        let spent = |ahead: &&mut Ahead<'_>| ahead.more && ahead.ids.is_empty();
        let looks = self.runs.iter_mut().filter(spent).count();
        let each = (step / looks.max(1)).max(READ_MIN.min(question.effort.step));
        for ahead in self.runs.iter_mut().filter(spent) {
            let ids = scan::ids(tx, question.workflow.id, ahead.run, ahead.way, each)?;
            ahead.more = ids.len() == each;
            ahead.way = ids.last().map_or(ahead.way, |last| ahead.way.behind(*last));
            ahead.ids = ids.into();
        }
        // As far as every run has been read.
        let lasts = self.runs.iter().filter(|ahead| ahead.more).filter_map(|ahead| ahead.ids.back().copied());
        let known = if self.descending { lasts.max() } else { lasts.min() };
        let descending = self.descending;
        let is_known = |id: i64| known.is_none_or(|known| if descending { id >= known } else { id <= known });
        let mut ids: Vec<i64> = Vec::new();
        for ahead in &mut self.runs {
            let count = ahead.ids.partition_point(|id| is_known(*id));
            ids.extend(ahead.ids.drain(..count));
        }
        if descending {
            ids.sort_unstable_by(|one, other| other.cmp(one));
        } else {
            ids.sort_unstable();
        }
        // A task with several options is in several runs.
        ids.dedup();
        Ok(Given { ids, looks, more: known.is_some() })
    }
}
