//! Lists of tasks, however many there are: filtered, sorted, a page at a time, from any place on.
//!
//! A page is found in one of three ways, which all give the same answer, for whatever an index preselects is decided by
//! [`Question::holds`] on the task itself:
//!
//! - `walk`: along the index of the first sort key from the place where the page begins, looking at each task;
//! - `few`: some part of the condition holds for few tasks only, so all of them are looked at;
//! - `listing`: all ids that match, put in order from indexes alone.
//!
//! The first two look at a bounded number of tasks; the third costs about a second for a million, so whoever asks may keep it.
//! To add a way to find tasks by an index: a `Leaf` in `leaf.rs`, and how it is scanned in `scan.rs`.

mod bits;
mod count;
mod few;
mod gather;
mod groups;
mod ids;
mod leaf;
mod listing;
mod matching;
mod merge;
mod rows;
mod scan;
mod searching;
mod walk;

use std::cmp::Ordering;

use baton_core::access::Access;
use baton_core::actor::Actor;
use baton_core::condition::{Condition, Scene, holds};
use baton_core::ids::Id;
use baton_core::list::{Order, Place, SortKey};
use baton_core::people::Workspace;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::words::Search;
use baton_core::workflow::Workflow;

pub use count::count;
pub use listing::Listing;
pub use searching::{Ranked, ranked, ranked_again};

use gather::Gathered;

use crate::{StoreError, Tx};

/// Which tasks, and in which order.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub workspace: &'a Workspace,
    pub workflow: &'a Workflow,
    pub condition: &'a Condition,
    pub search: Option<Searched<'a>>,
    pub sort: &'a [SortKey],
    pub performer: Actor,
    pub now: Timestamp,
    pub effort: Effort,
}

/// Words that are looked for in what this access sees.
#[derive(Clone, Copy)]
pub struct Searched<'a> {
    pub search: &'a Search,
    pub access: Access<'a>,
}

/// How many tasks, or entries of an index, are looked at in each of the ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// By a walk, and further only where at that rate it gets there by the second.
    pub walk_first: usize,
    pub walk_max: usize,
    /// That are few.
    pub few: usize,
    /// With one key that are put in order in memory.
    pub group: usize,
    /// At once, where fewer may be enough.
    pub step: usize,
}

impl Effort {
    /// For a page: some milliseconds, and mostly far less.
    pub const PAGE: Effort = Effort { walk_first: 300, walk_max: 10_000, few: 2_000, group: 2_000, step: 200 };
    /// For who goes through all that match: to look at more tasks than match costs more in the end than to find them all first.
    pub const THROUGH: Effort = Effort { walk_max: 1_000, ..Effort::PAGE };
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// With the first.
    Start,
    /// Behind this place.
    After(&'a Place),
    /// With the one that so many stand before.
    Offset(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub tasks: Vec<Task>,
    /// The place of the last, where there are more behind it.
    pub next: Option<Place>,
}

/// Values of the tasks of one page together, unless it is of one task only: a page is held in memory.
const PAGE_BYTES_MAX: usize = 1 << 20;

impl Question<'_> {
    pub fn holds(&self, task: &Task) -> bool {
        self.condition_holds(self.condition, task) && self.search.is_none_or(|searched| searched.score(task, self.workflow).is_some())
    }

    fn condition_holds(&self, condition: &Condition, task: &Task) -> bool {
        let (workspace, workflow) = (self.workspace, self.workflow);
        holds(condition, &Scene { workspace, workflow, task, performer: self.performer, now: self.now, public_url: "" })
    }

    fn order(&self) -> Order<'_> {
        Order { sort: self.sort, workflow: self.workflow, workspace: self.workspace }
    }

    fn compare(&self, one: &Place, other: &Place) -> Ordering {
        self.order().compare(one, other)
    }
}

/// A page by looking at few tasks; `None` where that can't be done.
pub fn page(tx: &mut dyn Tx, question: &Question<'_>, from: From<'_>, limit: usize) -> Result<Option<Page>, StoreError> {
    if matches!(from, From::Offset(offset) if offset > question.effort.walk_first) {
        return Ok(None);
    }
    let Effort { walk_max, few, .. } = question.effort;
    let nothing = || Gathered::new(question, from, limit);
    // A walk that gets there soon costs less than to ask whether there are few.
    let mut found = walk::walk(tx, question, nothing(), few.min(walk_max))?;
    if found.is_none() {
        found = few::few(tx, question, nothing())?;
    }
    if found.is_none() {
        found = walk::walk(tx, question, nothing(), walk_max)?;
    }
    found.map(|gathered| gathered.page(tx)).transpose()
}

/// The tasks with these ids that still match, in this order, as far as a page may be large; and how many ids that took.
pub fn those(tx: &mut dyn Tx, question: &Question<'_>, ids: &[Id]) -> Result<(Vec<Task>, usize), StoreError> {
    gather::those(tx, question, ids)
}
