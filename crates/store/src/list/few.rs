//! Where some part of the condition holds for few tasks only, all of these are looked at.

use baton_core::condition::Condition;

use super::Question;
use super::gather::Gathered;
use super::leaf::{Keys, Leaf, Verdict, conjuncts, of_rule};
use super::scan::{self, Way};
use super::searching;
use crate::{StoreError, Tx};

/// Parts of a condition that are tried.
const PARTS_MAX: usize = 8;

pub(super) fn few<'q, 'a>(
    tx: &mut dyn Tx,
    question: &Question<'_>,
    mut gathered: Gathered<'q, 'a>,
) -> Result<Option<Gathered<'q, 'a>>, StoreError> {
    let Some(ids) = candidates(tx, question)? else { return Ok(None) };
    gathered.add(tx, &ids, &[])?;
    Ok(Some(gathered))
}

/// Few ids that have among them all that match.
pub(super) fn candidates(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Option<Vec<i64>>, StoreError> {
    if let Some(searched) = question.search
        && let Some(ids) = searching::few(tx, question, searched)?
    {
        return Ok(Some(ids));
    }
    for part in conjuncts(question.condition).into_iter().take(PARTS_MAX) {
        if let Some(mut ids) = ids_of(tx, question, part)? {
            ids.sort_unstable();
            ids.dedup();
            return Ok(Some(ids));
        }
    }
    Ok(None)
}

fn ids_of(tx: &mut dyn Tx, question: &Question<'_>, part: &Condition) -> Result<Option<Vec<i64>>, StoreError> {
    match part {
        Condition::Rule(rule) => match of_rule(question, rule) {
            Some((leaf, false)) => ids_of_leaf(tx, question, &leaf),
            Some((_, true)) | None => Ok(None),
        },
        Condition::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                let Some(ids) = ids_of(tx, question, part)? else { return Ok(None) };
                all.extend(ids);
                if all.len() > question.effort.few {
                    return Ok(None);
                }
            }
            Ok(Some(all))
        }
        Condition::All(parts) => {
            for part in parts {
                if let Some(ids) = ids_of(tx, question, part)? {
                    return Ok(Some(ids));
                }
            }
            Ok(None)
        }
        Condition::Not(_) => Ok(None),
    }
}

fn ids_of_leaf(tx: &mut dyn Tx, question: &Question<'_>, leaf: &Leaf<'_>) -> Result<Option<Vec<i64>>, StoreError> {
    let (workflow, few) = (question.workflow.id, question.effort.few);
    let mut all = Vec::new();
    match leaf {
        Leaf::Assigned => return Ok(None),
        Leaf::Runs(runs) => {
            for run in runs {
                all.extend(scan::ids(tx, workflow, run, Way::start(false), few + 1 - all.len())?);
                if all.len() > few {
                    return Ok(None);
                }
            }
        }
        Leaf::Keys(keys @ Keys { field, ranges, .. }) => {
            let mut looked_at = 0;
            for range in ranges {
                let left = few + 1 - looked_at;
                looked_at += scan::entries(tx, (workflow, *field), (&range.from, &range.to), false, left, &mut |entry| {
                    if keys.judge(question, range, &entry) != Verdict::No {
                        all.push(entry.task);
                    }
                    Ok(())
                })?;
                if looked_at > few {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(all))
}
