//! What an index knows of one rule of a condition.

use baton_core::condition::{Column, Comparable, Condition, Operand, Operator, Rule};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::{Timestamp, midnight};
use baton_core::value::{Value, WHOLE_KEY_BYTES, exact_key, moment_of_key, sort_key};
use baton_core::workflow::FieldKind;
use jiff::civil::Date;

use super::Question;
use super::scan::{Entry, Point, Run, before, behind, end};

/// Where the tasks are that a rule may hold for.
#[derive(Debug)]
pub(super) enum Leaf<'a> {
    /// In any of these, and nowhere else.
    Runs(Vec<Run>),
    /// All that have an assignee.
    Assigned,
    Keys(Keys<'a>),
}

/// In any of these ranges of a field's keys, as far as the test says so.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub field: Id,
    pub ranges: Vec<Range>,
    test: Test<'a>,
}

#[derive(Debug)]
pub(super) struct Range {
    pub from: Point,
    pub to: Point,
    /// The one exact key that counts.
    pub exact: Option<String>,
}

#[derive(Debug)]
enum Test<'a> {
    All,
    /// `contains` and `endsWith`, of a folded text.
    Part(Operator, &'a str),
    /// Days of a moment, which are the calendar's business.
    Moment(&'a Rule),
    /// The beginning is longer than a key.
    Unsure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    /// The task must be looked at.
    Maybe,
}

/// The leaf of a rule; `true` with it: the rule holds for all that are *not* there.
pub(super) fn of_rule<'a>(question: &Question<'_>, rule: &'a Rule) -> Option<(Leaf<'a>, bool)> {
    let (operator, negated) = match rule.operator {
        Operator::NotEqual => (Operator::Equal, true),
        Operator::NotIn => (Operator::In, true),
        Operator::DoesNotContain => (Operator::Contains, true),
        Operator::NotNull => (Operator::Null, true),
        operator => (operator, false),
    };
    match (rule.column, operator) {
        (Column::Stage, _) => stages(&rule.operand).map(|leaf| (leaf, negated)),
        (Column::AssignedTo, Operator::Null) => Some((Leaf::Assigned, !negated)),
        (Column::AssignedTo, _) => {
            let runs = people(question, &rule.operand)?.into_iter().map(Run::Assignee);
            Some((Leaf::Runs(runs.collect()), negated))
        }
        (Column::Field(field), Operator::Null) => {
            let leaf = keys(field, whole(), Test::All);
            (!matches!(kind(question, field)?, FieldKind::File { .. })).then_some((leaf, !negated))
        }
        (Column::Field(field), operator) => in_field(question, field, operator, rule).map(|leaf| (leaf, negated)),
        (Column::CreatedOn | Column::UpdatedOn | Column::CreatedBy, _) => None,
    }
}

/// The rules that must all hold.
pub(super) fn conjuncts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(parts) => parts.iter().flat_map(conjuncts).collect(),
        part => vec![part],
    }
}

impl Keys<'_> {
    /// Whether the rule holds for who has this entry in this range.
    pub fn judge(&self, question: &Question<'_>, range: &Range, entry: &Entry<'_>) -> Verdict {
        let sure = |yes: bool| if yes { Verdict::Yes } else { Verdict::No };
        if range.exact.as_ref().is_some_and(|exact| exact != entry.exact) {
            return Verdict::No;
        }
        match &self.test {
            Test::All => Verdict::Yes,
            Test::Unsure => Verdict::Maybe,
            Test::Part(..) if entry.sort.len() >= WHOLE_KEY_BYTES => Verdict::Maybe,
            Test::Part(Operator::EndsWith, part) => sure(entry.sort.ends_with(part)),
            Test::Part(_, part) => sure(entry.sort.contains(part)),
            Test::Moment(rule) => match moment_of_key(entry.sort) {
                Some(moment) => {
                    sure(question.condition_holds(&Condition::Rule((*rule).clone()), &with_moment(question, self.field, moment)))
                }
                None => Verdict::Maybe,
            },
        }
    }

    /// Ranges whose entries together are as many as the tasks that the rule holds for; `None` where a task may have two of them, or
    /// the rule doesn't hold for all.
    pub fn counted(&self, question: &Question<'_>) -> Option<Vec<&Range>> {
        if !matches!(self.test, Test::All) {
            return None;
        }
        let is_of_one_key = |range: &Range| range.from.0 == range.to.0;
        let several = matches!(kind(question, self.field), Some(FieldKind::MultipleSelect { .. }));
        match self.ranges.as_slice() {
            [range] => (!several || is_of_one_key(range)).then(|| vec![range]),
            ranges if several || !ranges.iter().all(is_of_one_key) => None,
            ranges => {
                let mut distinct: Vec<&Range> = ranges.iter().collect();
                distinct.sort_unstable_by(|one, other| (&one.from, &one.exact).cmp(&(&other.from, &other.exact)));
                distinct.dedup_by(|one, other| (&one.from, &one.exact) == (&other.from, &other.exact));
                distinct.windows(2).all(|two| two[0].from != two[1].from).then_some(distinct)
            }
        }
    }
}

/// A task that holds nothing else.
fn with_moment(question: &Question<'_>, field: Id, moment: Timestamp) -> Task {
    Task {
        id: field,
        workflow: question.workflow.id,
        stage: field,
        assignee: None,
        values: [(field, Value::DateTime(moment))].into(),
        version: 1,
        created_at: moment,
        updated_at: moment,
        created_by: question.performer,
        performers: Default::default(),
    }
}

fn keys<'a>(field: Id, range: Range, test: Test<'a>) -> Leaf<'a> {
    Leaf::Keys(Keys { field, ranges: vec![range], test })
}

fn whole() -> Range {
    Range { from: before(""), to: end(), exact: None }
}

fn kind<'q>(question: &Question<'q>, field: Id) -> Option<&'q FieldKind> {
    question.workflow.field(field).map(|field| &field.kind)
}

fn stages(operand: &Operand) -> Option<Leaf<'static>> {
    let Operand::Values(values) = operand else { return None };
    let stage = |value: &Comparable| match value {
        Comparable::Stage(stage) => Some(Run::Stage(*stage)),
        _ => None,
    };
    Some(Leaf::Runs(values.iter().map(stage).collect::<Option<_>>()?))
}

/// Those of whom one is meant; whom nobody knows is nowhere.
fn people(question: &Question<'_>, operand: &Operand) -> Option<Vec<Id>> {
    match operand {
        Operand::CurrentUser => Some(question.performer.user().into_iter().collect()),
        Operand::Values(values) => {
            let person = |value: &Comparable| match value {
                Comparable::Email(email) => Some(question.workspace.user_by_email(email).map(|user| user.id)),
                _ => None,
            };
            Some(values.iter().map(person).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        }
        Operand::Nothing | Operand::Days(_) | Operand::Column(_) => None,
    }
}

fn in_field<'a>(question: &Question<'_>, field: Id, operator: Operator, rule: &'a Rule) -> Option<Leaf<'a>> {
    let kind = kind(question, field)?;
    match (kind, &rule.operand) {
        (FieldKind::File { .. } | FieldKind::Checkbox, _) | (_, Operand::Column(_)) => None,
        (FieldKind::Person, operand) => {
            let equal = |user: Id| equal(&user.to_string(), None);
            Some(Leaf::Keys(Keys { field, ranges: people(question, operand)?.into_iter().map(equal).collect(), test: Test::All }))
        }
        (FieldKind::Date, Operand::Nothing | Operand::Days(_)) => {
            let (first, last) = days(question, rule)?;
            let from = first.map_or(before(""), |first| before(&first.to_string()));
            Some(keys(field, Range { from, to: last.map_or(end(), |last| behind(&last.to_string())), exact: None }, Test::All))
        }
        (FieldKind::DateTime, Operand::Nothing | Operand::Days(_)) => {
            let (first, last) = days(question, rule)?;
            let key = |day: Date, micros: i64| moment_key(midnight(day, &question.workspace.zone).plus_micros(micros));
            // More than any local time is put forward or back; the test sees to the rest.
            const TWO_DAYS: i64 = 2 * 86_400_000_000;
            let from = first.map_or(before(""), |first| before(&key(first, -TWO_DAYS)));
            let to = last.map_or(end(), |last| behind(&key(last, 2 * TWO_DAYS)));
            Some(keys(field, Range { from, to, exact: None }, Test::Moment(rule)))
        }
        (_, Operand::Nothing | Operand::Days(_) | Operand::CurrentUser) => None,
        (kind, Operand::Values(values)) => compared(question, field, kind, operator, values),
    }
}

fn compared<'a>(question: &Question<'_>, field: Id, kind: &FieldKind, operator: Operator, values: &'a [Comparable]) -> Option<Leaf<'a>> {
    if let [Comparable::Folded(part)] = values {
        // The keys of numbers that the workflow gave out are no texts.
        return (!matches!(kind, FieldKind::UniqueId { autoincrement: true })).then(|| partial(field, operator, part));
    }
    let keys_of = |value: &Comparable| {
        let value = match value {
            Comparable::Value(value) => value.clone(),
            Comparable::Day(day) => Value::DateTime(midnight(*day, &question.workspace.zone)),
            Comparable::Stage(_) | Comparable::Email(_) | Comparable::Folded(_) => return None,
        };
        Some((sort_key(kind, &value), exact_key(&value)))
    };
    let known: Vec<(String, String)> = values.iter().map(keys_of).collect::<Option<_>>()?;
    let sorted = |index: usize| known.get(index).map(|(sort, _)| sort.as_str());
    let range = match operator {
        Operator::Equal | Operator::In | Operator::Contains => {
            let ranges = known.iter().map(|(sort, exact)| equal(sort, Some(exact).filter(|exact| *exact != sort || may_be_folded(kind))));
            return Some(Leaf::Keys(Keys { field, ranges: ranges.collect(), test: Test::All }));
        }
        Operator::Less => Range { from: before(""), to: before(sorted(0)?), exact: None },
        Operator::LessOrEqual => Range { from: before(""), to: behind(sorted(0)?), exact: None },
        Operator::Greater => Range { from: behind(sorted(0)?), to: end(), exact: None },
        Operator::GreaterOrEqual => Range { from: before(sorted(0)?), to: end(), exact: None },
        Operator::Between => Range { from: before(sorted(0)?), to: behind(sorted(1)?), exact: None },
        _ => return None,
    };
    Some(keys(field, range, Test::All))
}

/// Whether one sort key may stand for several values.
fn may_be_folded(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text | FieldKind::LongText | FieldKind::Phone | FieldKind::UniqueId { .. } | FieldKind::Email | FieldKind::Url
    )
}

fn equal(sort: &str, exact: Option<&String>) -> Range {
    Range { from: before(sort), to: behind(sort), exact: exact.cloned() }
}

fn partial(field: Id, operator: Operator, part: &str) -> Leaf<'_> {
    if operator != Operator::BeginsWith {
        return keys(field, whole(), Test::Part(operator, part));
    }
    let known = &part[..part.floor_char_boundary(WHOLE_KEY_BYTES - 1)];
    let to = behind_all_with(known).map_or(end(), |next| before(&next));
    keys(field, Range { from: before(known), to, exact: None }, if known == part { Test::All } else { Test::Unsure })
}

/// The least text that is greater than all that begin so.
fn behind_all_with(beginning: &str) -> Option<String> {
    let mut letters: Vec<char> = beginning.chars().collect();
    while let Some(last) = letters.pop() {
        // Between them are no letters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// The first and the last day that a rule about days means.
fn days(question: &Question<'_>, rule: &Rule) -> Option<(Option<Date>, Option<Date>)> {
    let today = question.now.date_in(&question.workspace.zone);
    let after = |days: i64| today.saturating_add(jiff::SignedDuration::from_hours(24 * days));
    match (rule.operator, &rule.operand) {
        (Operator::BeforeToday, _) => Some((None, Some(after(-1)))),
        (Operator::AfterToday, _) => Some((Some(after(1)), None)),
        (Operator::InTheLastDays, Operand::Days(count)) => Some((Some(after(-count)), Some(today))),
        (Operator::InTheNextDays, Operand::Days(count)) => Some((Some(today), Some(after(*count)))),
        _ => None,
    }
}

fn moment_key(moment: Timestamp) -> String {
    exact_key(&Value::DateTime(moment))
}
