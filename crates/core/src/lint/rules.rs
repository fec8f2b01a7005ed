//! Conditions that the linter makes itself.

use crate::condition::{Column, Comparable, Condition, Operand, Operator, Rule};
use crate::ids::Id;
use crate::workflow::Workflow;

pub(super) const ASSIGNED_TO: Column = Column::AssignedTo;

/// A field or Assigned To.
pub(super) fn column(workflow: &Workflow, name: &str) -> Option<Column> {
    if name == "Assigned To" { Some(ASSIGNED_TO) } else { workflow.field_named(name).map(|field| Column::Field(field.id)) }
}

pub(super) fn blank(column: Column) -> Condition {
    Condition::Rule(Rule { column, operator: Operator::Null, operand: Operand::Nothing })
}

pub(super) fn not_blank(column: Column) -> Condition {
    not(blank(column))
}

pub(super) fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

pub(super) fn assigned_to_performer() -> Condition {
    Condition::Rule(Rule { column: ASSIGNED_TO, operator: Operator::Equal, operand: Operand::CurrentUser })
}

pub(super) fn in_stage(stage: Id) -> Condition {
    equal(Column::Stage, Comparable::Stage(stage))
}

pub(super) fn in_one_of(stages: impl IntoIterator<Item = Id>) -> Condition {
    let operand = Operand::Values(stages.into_iter().map(Comparable::Stage).collect());
    Condition::Rule(Rule { column: Column::Stage, operator: Operator::In, operand })
}

pub(super) fn equal(column: Column, value: Comparable) -> Condition {
    Condition::Rule(Rule { column, operator: Operator::Equal, operand: Operand::Values(vec![value]) })
}

/// The columns that a condition looks at.
pub(super) fn columns(condition: &Condition, into: &mut Vec<Column>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| columns(part, into)),
        Condition::Not(part) => columns(part, into),
        Condition::Rule(rule) => {
            into.push(rule.column);
            if let Operand::Column(other) = rule.operand {
                into.push(other);
            }
        }
    }
}
