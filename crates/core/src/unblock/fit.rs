//! Which few columns to change so that required fields are there and all conditions hold.
//!
//! Values that could matter come from the conditions themselves (their constants and what lies beside them) and from the type of
//! the column; combinations of few of them are tried with the real evaluation.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Ask, Setting, Wanted};
use crate::actor::Actor;
use crate::condition::{Column, Comparable, Condition, Operand, Operator, Rule, Scene, holds};
use crate::ids::Id;
use crate::task::Task;
use crate::time::midnight;
use crate::value::{self, Value};
use crate::workflow::{Action, Field, FieldKind, FieldRight, Requirement};

/// Columns that are changed at most beside the required ones, and how many tasks are tried for whoever takes one action.
const CHANGED_MAX: usize = 3;
const TRIED_MAX: usize = 1_000;
/// Options and people that are tried.
const CHOICES_MAX: usize = 20;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

pub(super) struct Fit {
    pub task: Task,
    pub settings: Vec<Setting>,
    /// Whom a condition wants the task to be assigned to.
    pub assignee: Option<Option<Id>>,
    pub certain: bool,
}

/// What a column may become.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Value(Option<Value>),
    Assignee(Option<Id>),
}

struct Search<'a> {
    ask: &'a Ask<'a>,
    conditions: Vec<&'a Condition>,
    performer: Actor,
    before: &'a Task,
    tried: usize,
}

pub(super) fn fit(ask: &Ask<'_>, action: &Action, before: &Task, performer: Actor) -> Option<Fit> {
    let mut search = Search { ask, conditions: conditions(action).collect(), performer, before, tried: 0 };
    let columns = search.columns();
    let mut task = before.clone();
    let mut free: BTreeSet<Id> = BTreeSet::new();
    for field in required(action).filter(|field| !before.values.contains_key(field)) {
        let field = ask.scene.workflow.field(field).filter(|field| ask.key.right_to(field) != FieldRight::Hidden)?;
        task.values.insert(field.id, sample(ask, field)?);
        free.insert(field.id);
    }
    let place = (before.stage, action.id);
    if ask.hopeless.borrow().contains(&place) {
        return None;
    }
    if !search.solve(&mut task, &columns, &free, &required(action).collect()) {
        if !search.depends_on_performer() {
            ask.hopeless.borrow_mut().insert(place);
        }
        return None;
    }
    Some(search.told(task))
}

fn conditions(action: &Action) -> impl Iterator<Item = &Condition> {
    action.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::Condition { condition, .. } => Some(condition),
        _ => None,
    })
}

fn rules<'a>(conditions: impl Iterator<Item = &'a Condition>) -> Vec<&'a Rule> {
    fn collect<'a>(condition: &'a Condition, rules: &mut Vec<&'a Rule>) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, rules)),
            Condition::Not(part) => collect(part, rules),
            Condition::Rule(rule) => rules.push(rule),
        }
    }
    let mut found = Vec::new();
    conditions.for_each(|condition| collect(condition, &mut found));
    found
}

/// Whether a field that is hidden from the key is compared with another column, or with whoever performs. What would have to stand
/// there, or who would have to act, is then what the hidden field holds.
pub(super) fn would_tell_what_is_hidden(ask: &Ask<'_>, action: &Action) -> bool {
    let is_hidden = |column: Column| match column {
        Column::Field(field) => ask.scene.workflow.field(field).is_some_and(|field| ask.key.right_to(field) == FieldRight::Hidden),
        _ => false,
    };
    rules(conditions(action)).into_iter().any(|rule| match rule.operand {
        Operand::Column(other) => is_hidden(rule.column) || is_hidden(other),
        Operand::CurrentUser => is_hidden(rule.column),
        _ => false,
    })
}

fn required(action: &Action) -> impl Iterator<Item = Id> + '_ {
    action
        .requirements
        .iter()
        .filter_map(|requirement| match requirement {
            Requirement::Fields(fields) => Some(fields.iter().copied()),
            _ => None,
        })
        .flatten()
}

impl<'a> Search<'a> {
    fn holds(&self, task: &Task) -> bool {
        let scene = Scene { task, performer: self.performer, ..self.ask.scene };
        self.conditions.iter().all(|condition| holds(condition, &scene))
    }

    fn depends_on_performer(&self) -> bool {
        self.rules().iter().any(|rule| rule.operand == Operand::CurrentUser)
    }

    fn is_spent(&self) -> bool {
        self.tried >= TRIED_MAX || self.ask.tries_left.get() == 0
    }

    /// What can be changed of that which the conditions look at.
    fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for rule in self.rules() {
            let other = match rule.operand {
                Operand::Column(other) => Some(other),
                _ => None,
            };
            for column in [Some(rule.column), other].into_iter().flatten() {
                if matches!(column, Column::Field(_) | Column::AssignedTo) && !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        columns
    }

    fn rules(&self) -> Vec<&'a Rule> {
        rules(self.conditions.iter().copied())
    }

    /// Makes all conditions hold, with the fewest columns changed beside those that had to be anyway; or leaves the task as it is.
    fn solve(&mut self, task: &mut Task, columns: &[Column], free: &BTreeSet<Id>, required: &BTreeSet<Id>) -> bool {
        if self.holds(task) {
            return true;
        }
        let is_free = |column: &Column| matches!(column, Column::Field(field) if free.contains(field));
        let (anyway, others): (Vec<Column>, Vec<Column>) = columns.iter().partition(|column| is_free(column));
        let choices = |column: &Column| -> Vec<Cell> {
            let keeps = |cell: &Cell| !matches!((column, cell), (Column::Field(field), Cell::Value(None)) if required.contains(field));
            self.candidates(*column).into_iter().filter(keeps).collect()
        };
        let choices: Vec<(Column, Vec<Cell>)> = anyway.iter().chain(&others).map(|column| (*column, choices(column))).collect();
        let (anyway, others) = choices.split_at(anyway.len());
        let anyway: Vec<&(Column, Vec<Cell>)> = anyway.iter().collect();
        (0..=CHANGED_MAX.min(others.len())).any(|count| self.choose(task, &anyway, others, count))
    }

    fn choose(&mut self, task: &mut Task, chosen: &[&(Column, Vec<Cell>)], others: &[(Column, Vec<Cell>)], count: usize) -> bool {
        if count == 0 {
            return self.vary(task, chosen);
        }
        others.iter().enumerate().any(|(index, other)| {
            let with: Vec<&(Column, Vec<Cell>)> = chosen.iter().copied().chain([other]).collect();
            !self.is_spent() && self.choose(task, &with, &others[index + 1..], count - 1)
        })
    }

    fn vary(&mut self, task: &mut Task, columns: &[&(Column, Vec<Cell>)]) -> bool {
        let Some(((column, choices), rest)) = columns.split_first() else {
            self.tried += 1;
            return self.ask.spend(1) && self.holds(task);
        };
        let before = cell(task, *column);
        for choice in choices {
            set(task, *column, choice.clone());
            if self.vary(task, rest) {
                return true;
            }
            if self.is_spent() {
                break;
            }
        }
        set(task, *column, before);
        false
    }

    fn candidates(&self, column: Column) -> Vec<Cell> {
        let mut cells = Vec::new();
        match column {
            Column::AssignedTo => {
                let people = self.ask.people.iter().map(|(user, _)| Some(*user)).take(CHOICES_MAX);
                cells.extend(self.performer.user().map(Some).into_iter().chain(people).chain([None]).map(Cell::Assignee));
            }
            Column::Field(id) => {
                let Some(field) = self.ask.scene.workflow.field(id) else { return cells };
                if self.ask.key.right_to(field) == FieldRight::Hidden {
                    return cells;
                }
                let now = self.before.values.get(&id);
                let fits = |value: &Value| self.is_valid(field, value);
                let values = self.values(field, now).into_iter().filter(fits).map(Some);
                for cell in values.chain([None].into_iter().filter(|_| !field.required)).map(Cell::Value) {
                    if !cells.contains(&cell) {
                        cells.push(cell);
                    }
                }
            }
            Column::Stage | Column::CreatedOn | Column::UpdatedOn | Column::CreatedBy => {}
        }
        cells
    }

    /// Whether it comes back as it is when a caller writes it as it is shown.
    fn is_valid(&self, field: &Field, given: &Value) -> bool {
        let workspace = self.ask.scene.workspace;
        let shown = value::show(field, workspace, Some(given));
        value::parse(field, workspace, &shown).is_ok_and(|read| read.as_ref() == Some(given))
    }

    fn values(&self, field: &Field, now: Option<&Value>) -> Vec<Value> {
        let mut values = Vec::new();
        for rule in self.rules().into_iter().filter(|rule| rule.column == Column::Field(field.id)) {
            match &rule.operand {
                Operand::Values(constants) => {
                    constants.iter().for_each(|constant| self.around(field, rule.operator, constant, now, &mut values));
                }
                Operand::Days(_) | Operand::Nothing => self.days(&mut values, &field.kind),
                Operand::CurrentUser => values.extend(self.performer.user().map(Value::Person)),
                Operand::Column(Column::Field(other)) => {
                    self.before.values.get(other).into_iter().for_each(|value| beside(value, &mut values));
                }
                Operand::Column(_) => {}
            }
        }
        match &field.kind {
            FieldKind::Checkbox => values.push(Value::Checked),
            FieldKind::SingleSelect { options } => values.extend(options.iter().take(CHOICES_MAX).map(|option| Value::Option(option.id))),
            FieldKind::MultipleSelect { options } => {
                let held = held(now);
                for option in options.iter().take(CHOICES_MAX).map(|option| option.id) {
                    let without: Vec<Id> = held.iter().copied().filter(|id| *id != option).collect();
                    values.extend(
                        [with_option(&held, option), vec![option], without].into_iter().filter(|ids| !ids.is_empty()).map(Value::Options),
                    );
                }
            }
            FieldKind::Person => values.extend(self.ask.people.iter().take(CHOICES_MAX).map(|(user, _)| Value::Person(*user))),
            _ => {}
        }
        values.extend(sample(self.ask, field));
        values
    }

    /// A constant of a rule and what lies on either side of it.
    fn around(&self, field: &Field, operator: Operator, constant: &Comparable, now: Option<&Value>, values: &mut Vec<Value>) {
        match constant {
            Comparable::Value(Value::Option(option)) if matches!(field.kind, FieldKind::MultipleSelect { .. }) => {
                values.push(Value::Options(with_option(&held(now), *option)));
            }
            Comparable::Value(value) => beside(value, values),
            Comparable::Day(day) => beside(&Value::DateTime(midnight(*day, &self.ask.scene.workspace.zone)), values),
            Comparable::Email(email) => values.extend(self.ask.scene.workspace.user_by_email(email).map(|user| Value::Person(user.id))),
            Comparable::Folded(part) => {
                let now = match now {
                    Some(Value::Text(now)) => now.as_str(),
                    _ => "",
                };
                values.push(Value::Text(match operator {
                    Operator::BeginsWith => format!("{part}{now}"),
                    _ => format!("{now}{part}"),
                }));
                values.push(Value::Text(part.clone()));
            }
            Comparable::Stage(_) => {}
        }
    }

    fn days(&self, values: &mut Vec<Value>, kind: &FieldKind) {
        let Scene { now, workspace, .. } = self.ask.scene;
        let today = now.date_in(&workspace.zone);
        match kind {
            FieldKind::DateTime => values.extend([0, -DAY, DAY].map(|micros| Value::DateTime(now.plus_micros(micros)))),
            FieldKind::Date => values.extend([0, -1, 1].into_iter().filter_map(|days| plus_days(today, days)).map(Value::Date)),
            _ => {}
        }
    }

    /// What is different, as it is told.
    fn told(&self, after: Task) -> Fit {
        let mut certain = true;
        let mut settings = Vec::new();
        // In the workflow's order.
        for field in &self.ask.scene.workflow.fields {
            let value = after.values.get(&field.id);
            if value == self.before.values.get(&field.id) {
                continue;
            }
            let to = match value {
                Some(value) if self.any_does(field, &after) => Wanted::Any(value.clone()),
                Some(value) if self.is_of_a_kind(field) => Wanted::Like(value.clone()),
                value => Wanted::This(value.cloned()),
            };
            certain &= !matches!(to, Wanted::Like(_));
            // Another task may have it.
            certain &= !matches!(field.kind, FieldKind::UniqueId { .. });
            settings.push(Setting { field: field.id, to, overwrites: overwrites(self.before.values.get(&field.id), value) });
        }
        let assignee = (after.assignee != self.before.assignee).then_some(after.assignee);
        Fit { task: after, settings, assignee, certain }
    }

    /// Whether whatever the field holds will do, as far as can be tried.
    fn any_does(&self, field: &Field, after: &Task) -> bool {
        let column = Column::Field(field.id);
        let looked_at = self.columns().contains(&column);
        let values = || self.candidates(column).into_iter().filter(|cell| *cell != Cell::Value(None));
        !looked_at || values().all(|cell| self.holds(&with(after, column, cell)))
    }

    /// Whether a text is asked for by its parts: what it should say is not for a program to know.
    fn is_of_a_kind(&self, field: &Field) -> bool {
        let by_parts = |rule: &&Rule| matches!(rule.operand, Operand::Values(ref values) if values.iter().any(|value| matches!(value, Comparable::Folded(_))));
        self.rules().iter().filter(|rule| rule.column == Column::Field(field.id)).any(by_parts)
    }
}

fn with(task: &Task, column: Column, cell: Cell) -> Task {
    let mut task = task.clone();
    set(&mut task, column, cell);
    task
}

fn cell(task: &Task, column: Column) -> Cell {
    match column {
        Column::Field(field) => Cell::Value(task.values.get(&field).cloned()),
        _ => Cell::Assignee(task.assignee),
    }
}

fn set(task: &mut Task, column: Column, cell: Cell) {
    match (column, cell) {
        (Column::Field(field), Cell::Value(Some(value))) => drop(task.values.insert(field, value)),
        (Column::Field(field), Cell::Value(None)) => drop(task.values.remove(&field)),
        (_, Cell::Assignee(user)) => task.assignee = user,
        (_, Cell::Value(_)) => {}
    }
}

fn held(now: Option<&Value>) -> Vec<Id> {
    match now {
        Some(Value::Options(ids)) => ids.clone(),
        _ => Vec::new(),
    }
}

/// To add options to others takes nothing away.
fn overwrites(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(Value::Options(before)), Some(Value::Options(after))) => !before.iter().all(|option| after.contains(option)),
        (Some(_), _) => true,
    }
}

fn with_option(held: &[Id], option: Id) -> Vec<Id> {
    held.iter().copied().filter(|id| *id != option).chain([option]).collect()
}

/// A value, and where it has an order the next ones on both sides.
fn beside(value: &Value, values: &mut Vec<Value>) {
    values.push(value.clone());
    match value {
        Value::Decimal(number) => {
            values.extend([Decimal::ONE, -Decimal::ONE].into_iter().filter_map(|one| number.checked_add(one)).map(Value::Decimal))
        }
        Value::Date(date) => values.extend([1, -1].into_iter().filter_map(|days| plus_days(*date, days)).map(Value::Date)),
        Value::DateTime(moment) => values.extend([SECOND, -SECOND].map(|micros| Value::DateTime(moment.plus_micros(micros)))),
        Value::Text(text) => values.push(Value::Text(format!("{text}+"))),
        Value::Checked | Value::Person(_) | Value::Option(_) | Value::Options(_) | Value::Files(_) => {}
    }
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// Something that a field of this type may hold; `None` where nobody can say.
fn sample(ask: &Ask<'_>, field: &Field) -> Option<Value> {
    let Scene { now, workspace, .. } = ask.scene;
    Some(match &field.kind {
        FieldKind::Text | FieldKind::LongText => Value::Text("x".to_owned()),
        FieldKind::UniqueId { autoincrement: false } => Value::Text("x".to_owned()),
        FieldKind::UniqueId { autoincrement: true } | FieldKind::File { .. } => return None,
        FieldKind::Email => Value::Text("name@example.com".to_owned()),
        FieldKind::Url => Value::Text("https://example.com".to_owned()),
        FieldKind::Phone => Value::Text("+493012345678".to_owned()),
        FieldKind::Number | FieldKind::Currency { .. } => Value::Decimal(Decimal::ONE),
        FieldKind::Date => Value::Date(now.date_in(&workspace.zone)),
        FieldKind::DateTime => Value::DateTime(midnight(now.date_in(&workspace.zone), &workspace.zone)),
        FieldKind::Checkbox => Value::Checked,
        FieldKind::Person => Value::Person(ask.people.first()?.0),
        FieldKind::SingleSelect { options } => Value::Option(options.first()?.id),
        FieldKind::MultipleSelect { options } => Value::Options(vec![options.first()?.id]),
    })
}
