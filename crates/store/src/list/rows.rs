//! Tasks by their ids.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use baton_core::condition::{Column, Condition, Operand};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::Value;

use super::Question;
use super::leaf::{Leaf, conjuncts, of_rule};
use super::scan::Run;
use crate::sql::tasks::read_task_with;
use crate::{Dialect, Param, Row, StoreError, Tx};

/// Read at once: on PostgreSQL an answer is held in memory.
const ROWS_AT_ONCE: usize = 500;

/// A task, and the bytes of its values.
pub(super) struct Loaded {
    pub task: Task,
    pub bytes: usize,
}

enum Found {
    Loaded(Loaded),
    /// Without its values, which are large: it may match.
    Large(Task),
}

/// Calls `each` for those of these tasks that match, in no particular order.
pub(super) fn each_match(tx: &mut dyn Tx, question: &Question<'_>, ids: &[i64], each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut large = Vec::new();
        find(tx, question, ids, &mut |found| match found {
            Found::Loaded(loaded) => each(loaded),
            Found::Large(task) => large.push(task),
        })?;
        for task in large {
            if let Some(loaded) = load(tx, question, task)? {
                each(loaded);
            }
        }
    }
    Ok(())
}

/// The same in the order of the ids, with the place among them, until `each` has enough. Of large tasks no more are read than it takes.
pub(super) fn each_in_order(
    tx: &mut dyn Tx,
    question: &Question<'_>,
    ids: &[i64],
    each: &mut dyn FnMut(usize, Loaded) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, StoreError> {
    let step = question.effort.step;
    for (chunk, ids) in ids.chunks(step).enumerate() {
        let mut known: HashMap<i64, Found> = HashMap::with_capacity(ids.len());
        find(tx, question, ids, &mut |found| {
            let (Found::Loaded(Loaded { task, .. }) | Found::Large(task)) = &found;
            known.insert(task.id.as_i64(), found);
        })?;
        for (index, id) in ids.iter().enumerate() {
            let loaded = match known.remove(id) {
                None => None,
                Some(Found::Loaded(loaded)) => Some(loaded),
                Some(Found::Large(task)) => load(tx, question, task)?,
            };
            if let Some(loaded) = loaded
                && each(chunk * step + index, loaded).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn find(tx: &mut dyn Tx, question: &Question<'_>, ids: &[i64], each: &mut dyn FnMut(Found)) -> Result<(), StoreError> {
    let shallow: Vec<&Condition> = conjuncts(question.condition).into_iter().filter(|part| is_shallow(part)).collect();
    let may_match = |task: &Task| shallow.iter().all(|part| question.condition_holds(part, task));
    read(tx, question, ids, &mut |row| {
        let task = read_task_with(row, BTreeMap::new())?;
        if !may_match(&task) {
            return Ok(());
        }
        match row.opt_text(10)? {
            Some(text) => {
                let task = Task { values: row.json(10)?, ..task };
                if question.holds(&task) {
                    each(Found::Loaded(Loaded { task, bytes: text.len() }));
                }
            }
            None => each(Found::Large(task)),
        }
        Ok(())
    })
}

fn load(tx: &mut dyn Tx, question: &Question<'_>, task: Task) -> Result<Option<Loaded>, StoreError> {
    let (values, bytes) = values_of(tx, task.id)?;
    let task = Task { values, ..task };
    Ok(question.holds(&task).then_some(Loaded { task, bytes }))
}

/// Whether a rule looks at what stands beside the values.
fn is_shallow(part: &Condition) -> bool {
    let Condition::Rule(rule) = part else { return false };
    let beside = |column: &Column| !matches!(column, Column::Field(_));
    let operand = if let Operand::Column(other) = &rule.operand { beside(other) } else { true };
    beside(&rule.column) && operand
}

/// Larger values are left out, and read one by one.
fn read(
    tx: &mut dyn Tx,
    question: &Question<'_>,
    ids: &[i64],
    each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    macro_rules! rows {
        ($from:literal) => {
            concat!(
                "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at, t.created_by_kind,
                    t.created_by_id, t.performers, CASE WHEN octet_length(t.field_values) <= 16384 THEN t.field_values END ",
                $from
            )
        };
    }
    let stage = only_stage(question);
    // A list of any length as one parameter, so that the statement stays the same.
    let list = match tx.dialect() {
        Dialect::Sqlite => listed(ids, '[', ']'),
        Dialect::Postgres => listed(ids, '{', '}'),
    };
    // Where one stage is asked for, SQLite looks at its index, which is small, before it reads a task from anywhere in a large table.
    let sql = match (tx.dialect(), stage) {
        (Dialect::Sqlite, None) => {
            rows!("FROM json_each($1) j CROSS JOIN tasks t ON t.id = j.value WHERE t.workflow_id = $2 AND t.workspace_id = $3")
        }
        (Dialect::Sqlite, Some(_)) => rows!(
            "FROM json_each($1) j
                CROSS JOIN tasks s INDEXED BY tasks_of_stage ON s.stage_id = $2 AND s.workflow_id = $3 AND s.id = j.value
                CROSS JOIN tasks t ON t.id = s.id WHERE t.workspace_id = $4"
        ),
        (Dialect::Postgres, None) => {
            rows!("FROM tasks t WHERE t.id = ANY(CAST(CAST($1 AS TEXT) AS BIGINT[])) AND t.workflow_id = $2 AND t.workspace_id = $3")
        }
        (Dialect::Postgres, Some(_)) => rows!(
            "FROM tasks t WHERE t.id = ANY(CAST(CAST($1 AS TEXT) AS BIGINT[])) AND t.stage_id = $2 AND t.workflow_id = $3
                AND t.workspace_id = $4"
        ),
    };
    let mut params = vec![Param::Text(&list)];
    params.extend(stage.map(Param::from));
    params.extend([question.workflow.id, question.workspace.id].map(Param::from));
    tx.rows(sql, &params, each)
}

/// The one stage that the condition asks for.
fn only_stage(question: &Question<'_>) -> Option<Id> {
    conjuncts(question.condition).into_iter().find_map(|part| {
        let Condition::Rule(rule) = part else { return None };
        match of_rule(question, rule)? {
            (Leaf::Runs(runs), false) => match runs.as_slice() {
                [Run::Stage(stage)] => Some(*stage),
                _ => None,
            },
            _ => None,
        }
    })
}

fn listed(ids: &[i64], open: char, close: char) -> String {
    const ID_BYTES: usize = 20;
    let mut list = String::with_capacity(ids.len() * ID_BYTES + 2);
    list.push(open);
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            list.push(',');
        }
        list.push_str(&id.to_string());
    }
    list.push(close);
    list
}

fn values_of(tx: &mut dyn Tx, task: Id) -> Result<(BTreeMap<Id, Value>, usize), StoreError> {
    let sql = "SELECT field_values FROM tasks WHERE id = $1";
    let found = tx.query_one(sql, &[task.into()], |row| Ok((row.json(0)?, row.text(0)?.len())))?;
    Ok(found.unwrap_or_default())
}
