//! Along the index of the first sort key, from where the page begins until it is full. Tasks with the same key are put in order
//! by the next keys while they are few; where they are many, the walk goes along the index of the next key and looks for them there.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use baton_core::condition::Column;
use baton_core::list::Place;

use super::Question;
use super::gather::Gathered;
use super::groups::{Group, Groups, compare_keys, groups, runs};
use super::merge::{Given, Merge};
use super::scan::{self, Point, Run, Way, before, behind};
use crate::{StoreError, Tx};

/// Entries that are read first; then as many as the page still lacks at the rate so far, or twice as many where none matched.
const STEP_FIRST: usize = 64;
const STEP_MIN: usize = 16;
const STEP_MAX: usize = 1_024;
/// A look at an index that finds nothing costs as much as so many tasks.
const LOOK: usize = 5;

enum Stop {
    Full,
    Spent,
    NoWay,
}

type Flow = Result<ControlFlow<Stop>, StoreError>;

const ON: ControlFlow<Stop> = ControlFlow::Continue(());

struct Walk<'q, 'a> {
    question: &'q Question<'a>,
    gathered: Gathered<'q, 'a>,
    /// Entries that have been looked at.
    looked_at: usize,
    /// That may be, where it gets there by then.
    most: usize,
    step: usize,
    /// The keys of the sort columns before the one that the walk goes along.
    only: Vec<Option<String>>,
}

macro_rules! go {
    ($flow:expr) => {
        if let ControlFlow::Break(stop) = $flow? {
            return Ok(ControlFlow::Break(stop));
        }
    };
}

/// `None` where no index has this order, or more would have to be looked at than it may.
pub(super) fn walk<'q, 'a>(
    tx: &mut dyn Tx,
    question: &'q Question<'a>,
    gathered: Gathered<'q, 'a>,
    most: usize,
) -> Result<Option<Gathered<'q, 'a>>, StoreError> {
    let least = STEP_FIRST.min(question.effort.step);
    let (step, from) = (gathered.wanted().clamp(least, STEP_MAX), gathered.from());
    let mut walk = Walk { question, gathered, looked_at: 0, most, step, only: Vec::new() };
    Ok(match walk.level(tx, 0, from)? {
        ControlFlow::Continue(()) | ControlFlow::Break(Stop::Full) => Some(walk.gathered),
        ControlFlow::Break(Stop::Spent | Stop::NoWay) => None,
    })
}

impl Walk<'_, '_> {
    /// Along one sort column, among those that have the keys of the columns before it.
    fn level(&mut self, tx: &mut dyn Tx, depth: usize, from: Option<&Place>) -> Flow {
        let Some(sort) = self.question.sort.get(depth).copied() else {
            return self.creation(tx, Way::start(false), from);
        };
        match groups(self.question, sort) {
            Groups::Unknown => Ok(ControlFlow::Break(Stop::NoWay)),
            Groups::Creation => self.creation(tx, Way::start(sort.descending), from),
            Groups::Known(known) => {
                for group in known {
                    let place = from.map(|from| {
                        (from, compare_keys(sort.descending, group.key.as_deref(), from.keys.get(depth).and_then(Option::as_deref)))
                    });
                    match place {
                        Some((_, Ordering::Less)) => {}
                        Some((from, Ordering::Equal)) => go!(self.group(tx, depth, group, Some(from))),
                        Some((_, Ordering::Greater)) | None => go!(self.group(tx, depth, group, None)),
                    }
                }
                Ok(ON)
            }
            Groups::Scanned { field, from: first, to, blanks } => {
                let at = from.map(|from| (from, from.keys.get(depth).cloned().flatten()));
                if !matches!(at, Some((_, None))) {
                    let at = at.as_ref().and_then(|(from, key)| Some((*from, key.as_deref()?)));
                    go!(self.scanned(tx, depth, field, (first, to), at));
                }
                if !blanks {
                    return Ok(ON);
                }
                let in_blanks = from.filter(|from| from.keys.get(depth).is_some_and(Option::is_none));
                self.group(tx, depth, Group { key: None, run: Run::All }, in_blanks)
            }
        }
    }

    /// Along the keys of a field, from behind the key `at` which the page begins within.
    fn scanned(
        &mut self,
        tx: &mut dyn Tx,
        depth: usize,
        field: baton_core::ids::Id,
        (mut from, mut to): (Point, Point),
        at: Option<(&Place, &str)>,
    ) -> Flow {
        let Some(sort) = self.question.sort.get(depth) else { return Ok(ON) };
        let (descending, last_column) = (sort.descending, depth + 1 == self.question.sort.len());
        let beyond = |key: &str, from: &mut Point, to: &mut Point| {
            if descending { *to = before(key).min(to.clone()) } else { *from = behind(key).max(from.clone()) }
        };
        if let Some((place, key)) = at {
            if from <= before(key) && behind(key) <= to {
                go!(self.group(tx, depth, Group { key: Some(key.to_owned()), run: Run::Key(field, key.to_owned()) }, Some(place)));
            }
            beyond(key, &mut from, &mut to);
        }
        loop {
            let mut entries: Vec<(String, i64)> = Vec::new();
            let step = self.step;
            let read = scan::entries(tx, (self.question.workflow.id, field), (&from, &to), descending, step, &mut |entry| {
                entries.push((entry.sort.to_owned(), entry.task));
                Ok(())
            })?;
            let Some((last, _)) = entries.last().cloned() else { return Ok(ON) };
            // Of the last key there may be more behind.
            let whole = if read < step { entries.len() } else { entries.partition_point(|(key, _)| before_in(descending, key, &last)) };
            if whole == 0 {
                go!(self.group(tx, depth, Group { key: Some(last.clone()), run: Run::Key(field, last.clone()) }, None));
                beyond(&last, &mut from, &mut to);
                continue;
            }
            entries.truncate(whole);
            if descending {
                // Those of one key in the order of creation.
                entries.chunk_by_mut(|one, other| one.0 == other.0).for_each(<[_]>::reverse);
            }
            let key = entries[whole - 1].0.clone();
            let ids: Vec<i64> = entries.into_iter().map(|(_, id)| id).collect();
            go!(self.look_at(tx, &ids, last_column));
            if read < step {
                return Ok(ON);
            }
            beyond(&key, &mut from, &mut to);
        }
    }

    /// Those of one key.
    fn group(&mut self, tx: &mut dyn Tx, depth: usize, group: Group, from: Option<&Place>) -> Flow {
        self.looked_at += LOOK;
        self.only.push(group.key);
        let flow = self.within(tx, depth, &group.run, from);
        self.only.pop();
        flow
    }

    fn within(&mut self, tx: &mut dyn Tx, depth: usize, run: &Run, from: Option<&Place>) -> Flow {
        let rest = self.question.sort.get(depth + 1);
        match rest {
            None => self.run(tx, std::slice::from_ref(run), Way::start(false), from),
            Some(next) if next.column == Column::CreatedOn => self.run(tx, std::slice::from_ref(run), Way::start(next.descending), from),
            Some(_) => {
                let most = self.question.effort.group;
                let ids = scan::ids(tx, self.question.workflow.id, run, Way::start(false), most + 1)?;
                if ids.len() <= most { self.look_at(tx, &ids, false) } else { self.level(tx, depth + 1, from) }
            }
        }
    }

    fn creation(&mut self, tx: &mut dyn Tx, way: Way, from: Option<&Place>) -> Flow {
        self.run(tx, &runs(self.question), way, from)
    }

    /// Along runs in the order of creation, merged.
    fn run(&mut self, tx: &mut dyn Tx, runs: &[Run], way: Way, from: Option<&Place>) -> Flow {
        let mut merge = Merge::new(runs, from.map_or(way, |from| way.behind(from.id.as_i64())));
        loop {
            let Given { ids, looks, more } = merge.next(tx, self.question, self.step)?;
            // Most are before the first task is found, and say nothing of the rate at which others are.
            self.most = self.most.saturating_sub(LOOK * looks.saturating_sub(1));
            go!(self.look_at(tx, &ids, true));
            if !more {
                return Ok(ON);
            }
        }
    }

    fn look_at(&mut self, tx: &mut dyn Tx, ids: &[i64], ordered: bool) -> Flow {
        if ordered {
            self.gathered.add_ordered(tx, ids, &self.only)?;
        } else {
            self.gathered.add(tx, ids, &self.only)?;
        }
        if self.gathered.is_full() {
            return Ok(ControlFlow::Break(Stop::Full));
        }
        self.looked_at += ids.len();
        self.step = match self.gathered.matched() {
            0 => (self.step * 2).min(STEP_MAX),
            matched => {
                let missing = self.gathered.missing();
                // An eighth more, for the rate varies.
                (missing.saturating_mul(self.looked_at) / matched).saturating_mul(9).div_euclid(8).clamp(STEP_MIN, STEP_MAX)
            }
        };
        Ok(if self.gets_there() { ON } else { ControlFlow::Break(Stop::Spent) })
    }

    fn gets_there(&self) -> bool {
        let wanted = self.gathered.wanted();
        let at_this_rate = || self.gathered.matched().saturating_mul(self.most) / self.looked_at >= wanted;
        self.looked_at < self.question.effort.walk_first.max(wanted) || (self.looked_at < self.most && at_this_rate())
    }
}

fn before_in(descending: bool, key: &str, other: &str) -> bool {
    if descending { key > other } else { key < other }
}
