//! Tasks by their ids.

use baton_core::condition::{Column, Condition, Operand};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::Value;
use std::collections::BTreeMap;

use super::Question;
use super::leaf::conjuncts;
use crate::sql::tasks::read_task_with;
use crate::{Dialect, Param, Row, StoreError, Tx};

/// Read at once: on PostgreSQL an answer is held in memory.
const ROWS_AT_ONCE: usize = 500;

/// A task, and the bytes of its values.
pub(super) struct Loaded {
    pub task: Task,
    pub bytes: usize,
}

/// Calls `each` for those of these tasks that match, in no particular order.
pub(super) fn each_match(tx: &mut dyn Tx, question: &Question<'_>, ids: &[i64], each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
    let shallow: Vec<&Condition> = conjuncts(question.condition).into_iter().filter(|part| is_shallow(part)).collect();
    let may_match = |task: &Task| shallow.iter().all(|part| question.condition_holds(part, task));
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut large = Vec::new();
        read(tx, question, ids, &mut |row| {
            let task = read_task_with(row, BTreeMap::new())?;
            if !may_match(&task) {
                return Ok(());
            }
            match row.opt_text(10)? {
                Some(text) => {
                    let task = Task { values: row.json(10)?, ..task };
                    if question.holds(&task) {
                        each(Loaded { task, bytes: text.len() });
                    }
                }
                None => large.push(task),
            }
            Ok(())
        })?;
        for task in large {
            let (values, bytes) = values_of(tx, task.id)?;
            let task = Task { values, ..task };
            if question.holds(&task) {
                each(Loaded { task, bytes });
            }
        }
    }
    Ok(())
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
    // A list of any length as one parameter, so that the statement stays the same.
    let (sql, list) = match tx.dialect() {
        Dialect::Sqlite => (
            "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at, t.created_by_kind,
                t.created_by_id, t.performers, CASE WHEN octet_length(t.field_values) <= 65536 THEN t.field_values END
            FROM json_each($1) j CROSS JOIN tasks t ON t.id = j.value WHERE t.workflow_id = $2 AND t.workspace_id = $3",
            listed(ids, '[', ']'),
        ),
        Dialect::Postgres => (
            "SELECT t.id, t.workflow_id, t.stage_id, t.assignee_id, t.version, t.created_at, t.updated_at, t.created_by_kind,
                t.created_by_id, t.performers, CASE WHEN octet_length(t.field_values) <= 65536 THEN t.field_values END
            FROM tasks t WHERE t.id = ANY(CAST(CAST($1 AS TEXT) AS BIGINT[])) AND t.workflow_id = $2 AND t.workspace_id = $3",
            listed(ids, '{', '}'),
        ),
    };
    tx.rows(sql, &[Param::Text(&list), question.workflow.id.into(), question.workspace.id.into()], each)
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
