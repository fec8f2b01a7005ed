//! All tasks that match, by set algebra over indexes: for each rule the set of ids that an index gives, twice: those that it
//! surely holds for, and those that it may hold for. Only what is in the second and not in the first is looked at.

use baton_core::condition::Condition;

use super::Question;
use super::bits::Bits;
use super::ids::Ids;
use super::leaf::{Leaf, Verdict, of_rule};
use super::rows::{Loaded, each_match};
use super::scan::{self, Run};
use super::searching;
use crate::{StoreError, Tx};

/// The ids of a workflow in the order of creation, and which of them match.
pub(super) struct Matching {
    pub ids: Ids,
    pub matches: Bits,
}

struct Sets {
    sure: Bits,
    may: Bits,
}

pub(super) fn matching(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Matching, StoreError> {
    let mut ids = Vec::new();
    scan::each_id(tx, question.workflow.id, &Run::All, &mut |id| ids.push(id))?;
    let ids = Ids::new(ids);
    let Sets { mut sure, mut may } = sets(tx, question, question.condition, &ids)?;
    if let Some(searched) = question.search {
        let mut found = Sets { sure: Bits::none(ids.len()), may: Bits::none(ids.len()) };
        searching::each_candidate(tx, question, searched, &mut |id, is_sure| {
            mark(if is_sure { &mut found.sure } else { &mut found.may }, &ids, id)
        })?;
        found.may.or(&found.sure);
        sure.and(&found.sure);
        may.and(&found.may);
    }
    let mut matches = sure;
    let mut open = may;
    open.less(&matches);
    let doubtful: Vec<i64> = open.iter().map(|place| ids.at(place)).collect();
    each_match(tx, question, &doubtful, &mut |Loaded { task, .. }| mark(&mut matches, &ids, task.id.as_i64()))?;
    Ok(Matching { ids, matches })
}

fn mark(set: &mut Bits, ids: &Ids, id: i64) {
    if let Some(place) = ids.place(id) {
        set.add(place);
    }
}

fn sets(tx: &mut dyn Tx, question: &Question<'_>, condition: &Condition, ids: &Ids) -> Result<Sets, StoreError> {
    let count = ids.len();
    let unknown = || Sets { sure: Bits::none(count), may: Bits::all(count) };
    match condition {
        Condition::All(parts) => {
            let mut all = Sets { sure: Bits::all(count), may: Bits::all(count) };
            let mut in_turn: Vec<&Condition> = parts.iter().collect();
            in_turn.sort_by_key(|part| cost(question, part));
            for part in in_turn {
                // So few are looked at rather than asked more indexes about.
                if all.may.len() <= question.effort.few {
                    all.sure = Bits::none(count);
                    break;
                }
                let part = sets(tx, question, part, ids)?;
                all.sure.and(&part.sure);
                all.may.and(&part.may);
            }
            Ok(all)
        }
        Condition::Any(parts) => {
            let mut any = Sets { sure: Bits::none(count), may: Bits::none(count) };
            for part in parts {
                let part = sets(tx, question, part, ids)?;
                any.sure.or(&part.sure);
                any.may.or(&part.may);
            }
            Ok(any)
        }
        Condition::Not(part) => Ok(turned(sets(tx, question, part, ids)?)),
        Condition::Rule(rule) => match of_rule(question, rule) {
            None => Ok(unknown()),
            Some((leaf, negated)) => {
                let found = of_leaf(tx, question, &leaf, ids)?;
                Ok(if negated { turned(found) } else { found })
            }
        },
    }
}

fn turned(Sets { sure, may }: Sets) -> Sets {
    Sets { sure: may.turned(), may: sure.turned() }
}

/// What says much and costs little comes first, what no index knows last.
fn cost(question: &Question<'_>, condition: &Condition) -> usize {
    match condition {
        Condition::Rule(rule) => match of_rule(question, rule) {
            Some((Leaf::Runs(_), false)) => 0,
            Some((Leaf::Keys(keys), false)) if keys.ranges.iter().all(|range| range.from.0 == range.to.0) => 1,
            Some((Leaf::Keys(_), false)) => 2,
            Some(_) => 3,
            None => 5,
        },
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => 4,
    }
}

fn of_leaf(tx: &mut dyn Tx, question: &Question<'_>, leaf: &Leaf<'_>, ids: &Ids) -> Result<Sets, StoreError> {
    let workflow = question.workflow.id;
    let mut sure = Bits::none(ids.len());
    match leaf {
        Leaf::Runs(runs) => {
            for run in runs {
                scan::each_id(tx, workflow, run, &mut |id| mark(&mut sure, ids, id))?;
            }
        }
        Leaf::Assigned => scan::each_assigned(tx, workflow, &mut |id| mark(&mut sure, ids, id))?,
        Leaf::Keys(keys) => {
            let mut may = Bits::none(ids.len());
            for range in &keys.ranges {
                scan::each_entry(tx, (workflow, keys.field), (&range.from, &range.to), &mut |entry| {
                    match keys.judge(question, range, &entry) {
                        Verdict::No => {}
                        Verdict::Yes => mark(&mut sure, ids, entry.task),
                        Verdict::Maybe => mark(&mut may, ids, entry.task),
                    }
                    Ok(())
                })?;
            }
            may.or(&sure);
            return Ok(Sets { sure, may });
        }
    }
    Ok(Sets { may: sure.clone(), sure })
}
