//! Searches as they were ranked for a first page, kept for those who go on from it: to rank is to read every task that is ranked.

use std::collections::VecDeque;
use std::sync::Arc;

use baton_core::ids::Id;
use parking_lot::Mutex;

use crate::listings::Matter;

/// Each has at most 2,000 tasks, and so 32 KiB.
const KEPT_MAX: usize = 32;

pub(crate) struct Ranking {
    pub id: Id,
    pub matter: Matter,
    /// By their scores, the best first.
    pub tasks: Vec<(u32, Id)>,
    /// Those before this one are not ranked, where there may be any.
    pub oldest: Option<Id>,
}

/// The last used comes last.
#[derive(Default)]
pub(crate) struct Rankings {
    kept: Mutex<VecDeque<Arc<Ranking>>>,
}

impl Rankings {
    pub fn keep(&self, ranking: &Arc<Ranking>) {
        let mut kept = self.kept.lock();
        kept.retain(|other| !Arc::ptr_eq(other, ranking));
        kept.push_back(ranking.clone());
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
    }

    /// The very one that a page was taken from.
    pub fn of_id(&self, id: Id, matter: &Matter) -> Option<Arc<Ranking>> {
        self.kept.lock().iter().find(|ranking| ranking.id == id && ranking.matter == *matter).cloned()
    }
}
