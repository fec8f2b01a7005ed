//! How many tasks match.

use baton_core::condition::Condition;
use baton_core::ids::Id;

use super::Question;
use super::few::candidates;
use super::leaf::{Leaf, Range, conjuncts, of_rule};
use super::matching::matching;
use super::rows::each_match;
use super::scan::Run;
use crate::{Param, StoreError, Tx};

/// Exactly, as of now.
pub fn count(tx: &mut dyn Tx, question: &Question<'_>) -> Result<usize, StoreError> {
    if let Some(count) = by_one_index(tx, question)? {
        return Ok(count);
    }
    if let Some(ids) = candidates(tx, question)? {
        let mut count = 0;
        each_match(tx, question, &ids, &mut |_| count += 1)?;
        return Ok(count);
    }
    Ok(matching(tx, question)?.matches.len())
}

/// `None` where one index does not tell.
fn by_one_index(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Option<usize>, StoreError> {
    if question.search.is_some() {
        return Ok(None);
    }
    let rule = match conjuncts(question.condition).as_slice() {
        [] => return in_run(tx, question.workflow.id, &Run::All).map(Some),
        [Condition::Rule(rule)] => rule,
        _ => return Ok(None),
    };
    let Some((leaf, negated)) = of_rule(question, rule) else { return Ok(None) };
    let counted = match leaf {
        Leaf::Runs(mut runs) => {
            runs.sort_unstable_by_key(|run| format!("{run:?}"));
            runs.dedup();
            runs.iter().map(|run| in_run(tx, question.workflow.id, run)).sum::<Result<usize, _>>()?
        }
        Leaf::Assigned => {
            let sql = "SELECT count(*) FROM tasks WHERE workflow_id = $1 AND assignee_id IS NOT NULL";
            number(tx, sql, &[question.workflow.id.into()])?
        }
        Leaf::Keys(keys) => match keys.ranges.as_slice() {
            [range] if keys.is_exact(question) => in_range(tx, question.workflow.id, keys.field, range)?,
            _ => return Ok(None),
        },
    };
    if !negated {
        return Ok(Some(counted));
    }
    Ok(Some(in_run(tx, question.workflow.id, &Run::All)?.saturating_sub(counted)))
}

fn in_run(tx: &mut dyn Tx, workflow: Id, run: &Run) -> Result<usize, StoreError> {
    match run {
        Run::All => number(tx, "SELECT count(*) FROM tasks WHERE workflow_id = $1", &[workflow.into()]),
        Run::Stage(stage) => {
            let sql = "SELECT count(*) FROM tasks WHERE workflow_id = $1 AND stage_id = $2";
            number(tx, sql, &[workflow.into(), (*stage).into()])
        }
        Run::Assignee(user) => {
            let sql = "SELECT count(*) FROM tasks WHERE workflow_id = $1 AND assignee_id = $2";
            number(tx, sql, &[workflow.into(), (*user).into()])
        }
        Run::Key(field, key) => {
            let sql = "SELECT count(*) FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND sort_key = $3";
            number(tx, sql, &[workflow.into(), (*field).into(), Param::Text(key)])
        }
    }
}

fn in_range(tx: &mut dyn Tx, workflow: Id, field: Id, range: &Range) -> Result<usize, StoreError> {
    let mut params = vec![workflow.into(), field.into()];
    params.extend([Param::Text(&range.from.0), range.from.1.into(), Param::Text(&range.to.0), range.to.1.into()]);
    let sql = match &range.exact {
        None => {
            "SELECT count(*) FROM task_values WHERE workflow_id = $1 AND field_id = $2
                AND (sort_key, task_id) > ($3, $4) AND (sort_key, task_id) < ($5, $6)"
        }
        Some(exact) => {
            params.push(Param::Text(exact));
            "SELECT count(*) FROM task_values WHERE workflow_id = $1 AND field_id = $2
                AND (sort_key, task_id) > ($3, $4) AND (sort_key, task_id) < ($5, $6) AND coalesce(exact_key, sort_key) = $7"
        }
    };
    number(tx, sql, &params)
}

fn number(tx: &mut dyn Tx, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError> {
    let count = tx.query_one(sql, params, |row| row.int(0))?.unwrap_or(0);
    Ok(usize::try_from(count).unwrap_or(0))
}
