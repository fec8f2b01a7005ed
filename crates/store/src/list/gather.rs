//! What has been found of a page.

use std::collections::HashMap;
use std::ops::ControlFlow;

use baton_core::ids::Id;
use baton_core::list::Place;
use baton_core::task::Task;

use super::rows::{Loaded, each_in_order, each_match};
use super::{From, PAGE_BYTES_MAX, Page, Question};
use crate::{StoreError, Tx};

/// Tasks that are kept while they are gathered; what goes past it is read again when it is its turn.
const KEPT_BYTES_MAX: usize = 4 * PAGE_BYTES_MAX;

pub(super) struct Gathered<'q, 'a> {
    question: &'q Question<'a>,
    from: Option<&'q Place>,
    skip: usize,
    limit: usize,
    /// In their order.
    found: Vec<Found>,
    kept_bytes: usize,
    /// Also those before where the page begins.
    matched: usize,
}

struct Found {
    place: Place,
    bytes: usize,
    task: Option<Task>,
}

impl<'q, 'a> Gathered<'q, 'a> {
    pub fn new(question: &'q Question<'a>, from: From<'q>, limit: usize) -> Gathered<'q, 'a> {
        let (from, skip) = match from {
            From::Start => (None, 0),
            From::After(place) => (Some(place), 0),
            From::Offset(offset) => (None, offset),
        };
        Gathered { question, from, skip, limit, found: Vec::new(), kept_bytes: 0, matched: 0 }
    }

    pub fn from(&self) -> Option<&'q Place> {
        self.from
    }

    /// How many of those that were looked at are in the list, on this page or before it.
    pub fn matched(&self) -> usize {
        self.matched
    }

    /// One more than the page has.
    pub fn wanted(&self) -> usize {
        self.skip.saturating_add(self.limit).saturating_add(1)
    }

    pub fn missing(&self) -> usize {
        self.wanted().saturating_sub(self.found.len())
    }

    pub fn is_full(&self) -> bool {
        self.is_full_with(self.page_bytes())
    }

    fn is_full_with(&self, page_bytes: usize) -> bool {
        self.found.len() >= self.wanted() || (self.found.len() > self.skip + 1 && page_bytes > PAGE_BYTES_MAX)
    }

    fn page_bytes(&self) -> usize {
        self.found.iter().skip(self.skip).map(|found| found.bytes).sum()
    }

    /// Adds those that match, whose first keys are `only` these, and that stand behind where the page begins. All of them stand
    /// behind all that were added before.
    pub fn add(&mut self, tx: &mut dyn Tx, ids: &[i64], only: &[Option<String>]) -> Result<(), StoreError> {
        let (first, question) = (self.found.len(), self.question);
        each_match(tx, question, ids, &mut |loaded| self.offer(loaded, only, true))?;
        self.found[first..].sort_unstable_by(|one, other| question.compare(&one.place, &other.place));
        for skipped in self.found.iter_mut().take(self.skip).skip(first) {
            self.kept_bytes -= skipped.task.take().map_or(0, |_| skipped.bytes);
        }
        Ok(())
    }

    /// The same for ids that come in their order, as far as they are needed.
    pub fn add_ordered(&mut self, tx: &mut dyn Tx, ids: &[i64], only: &[Option<String>]) -> Result<(), StoreError> {
        let mut page_bytes = self.page_bytes();
        let _enough = each_in_order(tx, self.question, ids, &mut |_, loaded| {
            let (count, bytes) = (self.found.len(), loaded.bytes);
            let on_page = count >= self.skip;
            self.offer(loaded, only, on_page);
            if on_page && self.found.len() > count {
                page_bytes += bytes;
            }
            if self.is_full_with(page_bytes) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(())
    }

    fn offer(&mut self, Loaded { task, bytes }: Loaded, only: &[Option<String>], keep: bool) {
        let place = self.question.order().place(&task);
        if !place.keys.starts_with(only) {
            return;
        }
        self.matched += 1;
        if self.from.is_none_or(|from| self.question.compare(&place, from).is_gt()) {
            let kept = keep && self.kept_bytes + bytes <= KEPT_BYTES_MAX;
            self.kept_bytes += if kept { bytes } else { 0 };
            self.found.push(Found { place, bytes, task: kept.then_some(task) });
        }
    }

    pub fn page(self, tx: &mut dyn Tx) -> Result<Page, StoreError> {
        let count = self.found.len().saturating_sub(self.skip);
        let mut page: Vec<Found> = self.found.into_iter().skip(self.skip).collect();
        let mut bytes = 0;
        let fits = |found: &&Found| {
            bytes += found.bytes;
            bytes <= PAGE_BYTES_MAX
        };
        let taken = page.iter().take(self.limit).take_while(fits).count().max(count.min(self.limit).min(1));
        page.truncate(taken);
        let next = page.last().filter(|_| taken < count).map(|last| last.place.clone());

        let missing: Vec<i64> = page.iter().filter(|found| found.task.is_none()).map(|found| found.place.id.as_i64()).collect();
        let mut read: HashMap<Id, Task> = HashMap::new();
        each_match(tx, self.question, &missing, &mut |Loaded { task, .. }| drop(read.insert(task.id, task)))?;
        let tasks = page.into_iter().filter_map(|found| found.task.or_else(|| read.remove(&found.place.id)));
        Ok(Page { tasks: tasks.collect(), next })
    }
}

/// See [`super::those`].
pub(super) fn those(tx: &mut dyn Tx, question: &Question<'_>, ids: &[Id]) -> Result<(Vec<Task>, usize), StoreError> {
    let (mut tasks, mut taken, mut bytes) = (Vec::new(), ids.len(), 0);
    let raw: Vec<i64> = ids.iter().map(|id| id.as_i64()).collect();
    let _enough = each_in_order(tx, question, &raw, &mut |index, loaded| {
        bytes += loaded.bytes;
        if bytes > PAGE_BYTES_MAX && !tasks.is_empty() {
            taken = index;
            return ControlFlow::Break(());
        }
        tasks.push(loaded.task);
        ControlFlow::Continue(())
    })?;
    Ok((tasks, taken))
}
