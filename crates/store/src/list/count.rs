//! How many tasks match.

use std::collections::BTreeMap;

use baton_core::condition::{Column, Condition, Operand};
use baton_core::ids::Id;
use baton_core::task::Task;

use super::Question;
use super::few::candidates;
use super::leaf::{Leaf, Range, conjuncts, of_rule};
use super::matching::matching;
use super::rows::each_match;
use crate::sql::task_counts;
use crate::{Param, StoreError, Tx};

/// Exactly, as of now.
pub fn count(tx: &mut dyn Tx, question: &Question<'_>) -> Result<usize, StoreError> {
    if let Some(count) = by_kept_counts(tx, question)? {
        return Ok(count);
    }
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

/// `None` where it depends on more than stage and assignee: of each pair of these either all tasks match or none.
fn by_kept_counts(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Option<usize>, StoreError> {
    if question.search.is_some() || !is_of_stage_and_assignee(question.condition) {
        return Ok(None);
    }
    let mut count = 0;
    for (stage, assignee, tasks) in task_counts::of_workflow(tx, question.workflow.id)? {
        if question.holds(&one_of(question, stage, assignee)) {
            count += tasks;
        }
    }
    Ok(Some(usize::try_from(count).unwrap_or(0)))
}

fn is_of_stage_and_assignee(condition: &Condition) -> bool {
    let kept = |column: Column| matches!(column, Column::Stage | Column::AssignedTo);
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().all(is_of_stage_and_assignee),
        Condition::Not(part) => is_of_stage_and_assignee(part),
        Condition::Rule(rule) => kept(rule.column) && if let Operand::Column(other) = &rule.operand { kept(*other) } else { true },
    }
}

fn one_of(question: &Question<'_>, stage: Id, assignee: Option<Id>) -> Task {
    Task {
        id: stage,
        workflow: question.workflow.id,
        stage,
        assignee,
        values: BTreeMap::new(),
        version: 1,
        created_at: question.now,
        updated_at: question.now,
        created_by: question.performer,
        performers: BTreeMap::new(),
    }
}

/// `None` where one index of a field does not tell.
fn by_one_index(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Option<usize>, StoreError> {
    let conjuncts = conjuncts(question.condition);
    let (None, [Condition::Rule(rule)]) = (question.search, conjuncts.as_slice()) else { return Ok(None) };
    let Some((leaf, negated)) = of_rule(question, rule) else { return Ok(None) };
    // Stages and people are among the kept counts.
    let Leaf::Keys(keys) = leaf else { return Ok(None) };
    let Some(ranges) = keys.counted(question) else { return Ok(None) };
    let mut counted = 0;
    for range in ranges {
        counted += in_range(tx, question.workflow.id, keys.field, range)?;
    }
    if !negated {
        return Ok(Some(counted));
    }
    let all: i64 = task_counts::of_workflow(tx, question.workflow.id)?.iter().map(|(_, _, tasks)| tasks).sum();
    Ok(Some(usize::try_from(all).unwrap_or(0).saturating_sub(counted)))
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
