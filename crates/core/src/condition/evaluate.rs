//! Evaluating a condition on one task. Total: whatever the task holds, the answer is yes or no.

use std::cmp::Ordering;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Column, Comparable, Condition, Operand, Operator, Rule, Scene};
use crate::ids::Id;
use crate::time::{Timestamp, midnight};
use crate::value::{Value, compare_texts, fold};
use crate::workflow::FieldKind;

pub fn holds(condition: &Condition, scene: &Scene<'_>) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, scene)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, scene)),
        Condition::Not(part) => !holds(part, scene),
        Condition::Rule(rule) => rule_holds(rule, scene),
    }
}

/// What a column of a task holds.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Text(&'a str),
    Number(Decimal),
    Day(Date),
    Moment(Timestamp),
    Person(Id),
    Option(Id),
    Options(&'a [Id]),
    Stage(Id),
    /// Not blank, and that is all that can be asked: a checkbox or files.
    Present,
}

fn rule_holds(rule: &Rule, scene: &Scene<'_>) -> bool {
    let cell = cell(rule.column, scene);
    let positive = match rule.operator {
        Operator::NotEqual => Operator::Equal,
        Operator::NotIn => Operator::In,
        Operator::DoesNotContain => Operator::Contains,
        Operator::NotNull => Operator::Null,
        operator => operator,
    };
    let positive_holds = match (positive, cell) {
        (Operator::Null, cell) => cell.is_none(),
        (_, None) => false,
        (positive, Some(cell)) => compare(rule, positive, cell, scene),
    };
    positive_holds == (positive == rule.operator)
}

/// Whether a positive operator holds for what is not blank.
fn compare(rule: &Rule, operator: Operator, cell: Cell<'_>, scene: &Scene<'_>) -> bool {
    match &rule.operand {
        Operand::Nothing => match operator {
            Operator::BeforeToday => days_from_today(cell, scene).is_some_and(|days| days < 0),
            Operator::AfterToday => days_from_today(cell, scene).is_some_and(|days| days > 0),
            _ => false,
        },
        Operand::Days(count) => match operator {
            Operator::InTheLastDays => days_from_today(cell, scene).is_some_and(|days| (-count..=0).contains(&days)),
            Operator::InTheNextDays => days_from_today(cell, scene).is_some_and(|days| (0..=*count).contains(&days)),
            _ => false,
        },
        Operand::CurrentUser => match cell {
            Cell::Person(id) => operator == Operator::Equal && scene.performer.user() == Some(id),
            _ => false,
        },
        Operand::Column(other) => match self::cell(*other, scene) {
            Some(other_cell) => compare_cells(rule.column, operator, cell, *other, other_cell, scene),
            None => false,
        },
        Operand::Values(values) => compare_values(rule.column, operator, cell, values, scene),
    }
}

fn compare_values(column: Column, operator: Operator, cell: Cell<'_>, values: &[Comparable], scene: &Scene<'_>) -> bool {
    match (operator, values) {
        (Operator::In, values) => values.iter().any(|value| equals(cell, value, scene)),
        (Operator::Between, [first, last]) => {
            order(column, cell, first, scene).is_some_and(Ordering::is_ge) && order(column, cell, last, scene).is_some_and(Ordering::is_le)
        }
        (Operator::Equal, [value]) => equals(cell, value, scene),
        (Operator::Contains | Operator::BeginsWith | Operator::EndsWith, [value]) => match (cell, value) {
            (Cell::Text(text), Comparable::Folded(part)) => has_part(operator, text, part),
            (Cell::Options(_), value) => equals(cell, value, scene),
            _ => false,
        },
        (operator, [value]) => order(column, cell, value, scene).is_some_and(|order| ordered(operator, order)),
        _ => false,
    }
}

fn compare_cells(column: Column, operator: Operator, cell: Cell<'_>, other: Column, other_cell: Cell<'_>, scene: &Scene<'_>) -> bool {
    match (cell, other_cell) {
        (Cell::Text(text), Cell::Text(other_text)) => match operator {
            Operator::Equal => text == other_text,
            Operator::Contains | Operator::BeginsWith | Operator::EndsWith => has_part(operator, text, &fold(other_text)),
            operator => ordered(operator, order_texts(column, text, other_text, scene)),
        },
        (Cell::Number(one), Cell::Number(other)) => ordered(operator, one.cmp(&other)),
        (Cell::Day(one), Cell::Day(other)) => ordered(operator, one.cmp(&other)),
        (Cell::Day(_) | Cell::Moment(_), Cell::Day(_) | Cell::Moment(_)) => match (moment(cell, scene), moment(other_cell, scene)) {
            (Some(one), Some(other)) => ordered(operator, one.cmp(&other)),
            _ => false,
        },
        (Cell::Person(one), Cell::Person(other)) => operator == Operator::Equal && one == other,
        (Cell::Option(one), Cell::Option(other_option)) => {
            let (one, other) = (option_name(column, one, scene), option_name(other, other_option, scene));
            operator == Operator::Equal && one.is_some() && one == other
        }
        _ => false,
    }
}

fn ordered(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        _ => false,
    }
}

fn equals(cell: Cell<'_>, value: &Comparable, scene: &Scene<'_>) -> bool {
    match (cell, value) {
        (Cell::Text(text), Comparable::Value(Value::Text(value))) => text == value,
        (Cell::Number(number), Comparable::Value(Value::Decimal(value))) => number == *value,
        (Cell::Day(day), Comparable::Value(Value::Date(value))) => day == *value,
        (Cell::Moment(moment), Comparable::Value(Value::DateTime(value))) => moment == *value,
        (Cell::Moment(moment), Comparable::Day(day)) => moment == midnight(*day, &scene.workspace.zone),
        (Cell::Person(id), Comparable::Email(email)) => scene.workspace.user_by_email(email).is_some_and(|user| user.id == id),
        (Cell::Option(id), Comparable::Value(Value::Option(value))) => id == *value,
        (Cell::Options(ids), Comparable::Value(Value::Option(value))) => ids.contains(value),
        (Cell::Stage(id), Comparable::Stage(value)) => id == *value,
        _ => false,
    }
}

fn order(column: Column, cell: Cell<'_>, value: &Comparable, scene: &Scene<'_>) -> Option<Ordering> {
    match (cell, value) {
        (Cell::Text(text), Comparable::Value(Value::Text(value))) => Some(order_texts(column, text, value, scene)),
        (Cell::Number(number), Comparable::Value(Value::Decimal(value))) => Some(number.cmp(value)),
        (Cell::Day(day), Comparable::Value(Value::Date(value))) => Some(day.cmp(value)),
        (Cell::Moment(moment), Comparable::Value(Value::DateTime(value))) => Some(moment.cmp(value)),
        (Cell::Moment(moment), Comparable::Day(day)) => Some(moment.cmp(&midnight(*day, &scene.workspace.zone))),
        _ => None,
    }
}

/// `part` is folded already.
fn has_part(operator: Operator, text: &str, part: &str) -> bool {
    let text = fold(text);
    match operator {
        Operator::Contains => text.contains(part),
        Operator::BeginsWith => text.starts_with(part),
        Operator::EndsWith => text.ends_with(part),
        _ => false,
    }
}

fn cell<'a>(column: Column, scene: &Scene<'a>) -> Option<Cell<'a>> {
    let task = scene.task;
    match column {
        Column::Field(id) => task.values.get(&id).map(|value| match value {
            Value::Text(text) => Cell::Text(text),
            Value::Decimal(decimal) => Cell::Number(*decimal),
            Value::Date(date) => Cell::Day(*date),
            Value::DateTime(moment) => Cell::Moment(*moment),
            Value::Checked | Value::Files(_) => Cell::Present,
            Value::Person(id) => Cell::Person(*id),
            Value::Option(id) => Cell::Option(*id),
            Value::Options(ids) => Cell::Options(ids),
        }),
        Column::Stage => Some(Cell::Stage(task.stage)),
        Column::AssignedTo => task.assignee.map(Cell::Person),
        Column::CreatedOn => Some(Cell::Moment(task.created_at)),
        Column::UpdatedOn => Some(Cell::Moment(task.updated_at)),
        // Blank where a program created the task.
        Column::CreatedBy => task.created_by.user().map(Cell::Person),
    }
}

fn moment(cell: Cell<'_>, scene: &Scene<'_>) -> Option<Timestamp> {
    match cell {
        Cell::Day(day) => Some(midnight(day, &scene.workspace.zone)),
        Cell::Moment(moment) => Some(moment),
        _ => None,
    }
}

/// How many days after today, by the workspace's calendar.
fn days_from_today(cell: Cell<'_>, scene: &Scene<'_>) -> Option<i64> {
    let zone = &scene.workspace.zone;
    let day = match cell {
        Cell::Day(day) => day,
        Cell::Moment(moment) => moment.date_in(zone),
        _ => return None,
    };
    Some(day.duration_since(scene.now.date_in(zone)).as_hours() / 24)
}

/// As lists sort by the column.
fn order_texts(column: Column, one: &str, other: &str, scene: &Scene<'_>) -> Ordering {
    compare_texts(field_kind(column, scene).unwrap_or(&FieldKind::Text), one, other)
}

fn option_name<'a>(column: Column, option: Id, scene: &Scene<'a>) -> Option<&'a str> {
    match field_kind(column, scene)? {
        FieldKind::SingleSelect { options } => options.iter().find(|known| known.id == option).map(|option| option.name.as_str()),
        _ => None,
    }
}

fn field_kind<'a>(column: Column, scene: &Scene<'a>) -> Option<&'a FieldKind> {
    match column {
        Column::Field(id) => scene.workflow.field(id).map(|field| &field.kind),
        _ => None,
    }
}
