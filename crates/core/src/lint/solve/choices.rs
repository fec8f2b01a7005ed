//! What a column can hold, as far as the rules about it can tell apart.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::points::{Grid, points};
use super::samples::{Place, rule_of};
use super::texts;
use super::world::{DAY_MICROS, id, now};
use crate::condition::{Column, Comparable, Condition, Operand, Operator};
use crate::ids::Id;
use crate::people::Workspace;
use crate::time::{Timestamp, midnight};
use crate::value::{File, Value};
use crate::workflow::{Field, FieldKind, SelectOption, Workflow};

/// Options that a condition names of one multiple select: each subset is a choice.
const OPTIONS_NAMED_MAX: usize = 8;
/// People beside those that the rules name: enough for so many columns to have different ones.
pub(super) const OTHERS: usize = 4;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    /// Nobody, where it is the performer.
    Blank,
    Value(Value),
    Stage(Id),
    Person(Id),
    Moment(Timestamp),
    /// Stands for every text that is not another choice.
    OtherText(String),
}

pub(super) struct Choices {
    /// For each of the places.
    pub lists: Vec<Vec<Choice>>,
    /// How many days after today the first of them is, where that matters.
    pub days: Vec<Option<i64>>,
    /// Whether the choices stand for all there is.
    pub whole: bool,
    /// Whether both today and the calendar matter.
    pub today_matters: bool,
}

impl Choices {
    /// How many there are of one choice for each place, with one day.
    pub fn combinations(&self) -> Option<usize> {
        let mut lengths = self.lists.iter().map(Vec::len).chain([self.days.len()]);
        lengths.try_fold(1usize, |all, length| all.checked_mul(length))
    }

    pub fn combination(&self, places: &[Place], number: usize) -> (Vec<(Place, &Choice)>, Option<i64>) {
        let mut rest = number;
        let mut take = |length: usize| {
            let index = rest % length;
            rest /= length;
            index
        };
        let chosen = places.iter().zip(&self.lists).map(|(place, list)| (*place, &list[take(list.len())])).collect();
        (chosen, self.days[take(self.days.len())])
    }
}

/// Columns of one sort can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Number,
    Day,
    Moment,
    Person,
    Option,
    Options,
    Present,
    Stage,
}

pub(super) fn sort_of(place: Place, workflow: &Workflow) -> Option<Sort> {
    Some(match place {
        Place::Performer | Place::Column(Column::AssignedTo | Column::CreatedBy) => Sort::Person,
        Place::Column(Column::CreatedOn | Column::UpdatedOn) => Sort::Moment,
        Place::Column(Column::Stage) => Sort::Stage,
        Place::Column(Column::Field(field)) => match workflow.field(field)?.kind {
            FieldKind::Text | FieldKind::LongText | FieldKind::Phone | FieldKind::UniqueId { .. } | FieldKind::Email | FieldKind::Url => {
                Sort::Text
            }
            FieldKind::Number | FieldKind::Currency { .. } => Sort::Number,
            FieldKind::Date => Sort::Day,
            FieldKind::DateTime => Sort::Moment,
            FieldKind::Person => Sort::Person,
            FieldKind::SingleSelect { .. } => Sort::Option,
            FieldKind::MultipleSelect { .. } => Sort::Options,
            FieldKind::Checkbox | FieldKind::File { .. } => Sort::Present,
        },
    })
}

/// Those of one component.
pub(super) struct Chooser<'a> {
    pub workflow: &'a Workflow,
    pub workspace: &'a Workspace,
    pub rules: &'a [&'a Condition],
    pub places: &'a [Place],
}

impl Chooser<'_> {
    /// `None` where nothing is known.
    pub fn choices(&self, sort: Sort) -> Option<Choices> {
        let plain = |lists| Choices { lists, days: vec![None], whole: true, today_matters: false };
        Some(match sort {
            Sort::Text => plain(self.each_place(|place| self.texts(place))),
            Sort::Number => self.numbers(),
            Sort::Day | Sort::Moment => return self.moments(sort),
            Sort::Person => Choices { whole: self.places.len() <= OTHERS, ..plain(self.each_place(|place| self.people(place))) },
            Sort::Option => plain(self.each_place(|place| self.options(place))),
            Sort::Options => plain(vec![self.subsets(self.places[0])?]),
            Sort::Present => plain(vec![vec![Choice::Blank, self.present(self.places[0])]]),
            Sort::Stage => plain(vec![self.workflow.stages.iter().map(|stage| Choice::Stage(stage.id)).collect()]),
        })
    }

    fn each_place(&self, choose: impl Fn(Place) -> Vec<Choice>) -> Vec<Vec<Choice>> {
        self.places.iter().map(|place| choose(*place)).collect()
    }

    fn field(&self, place: Place) -> Option<&Field> {
        match place {
            Place::Column(Column::Field(id)) => self.workflow.field(id),
            _ => None,
        }
    }

    /// What the rules compare with.
    fn constants(&self) -> Vec<&Comparable> {
        self.rules
            .iter()
            .flat_map(|rule| match &rule_of(rule).operand {
                Operand::Values(values) => values.as_slice(),
                _ => &[],
            })
            .collect()
    }

    fn texts(&self, place: Place) -> Vec<Choice> {
        self.field(place).map(|field| texts::choices(field, self.rules, self.workspace)).unwrap_or_default()
    }

    fn numbers(&self) -> Choices {
        let constants = self.constants().into_iter().filter_map(|constant| match constant {
            Comparable::Value(Value::Decimal(decimal)) => Some(*decimal),
            _ => None,
        });
        let grid = |place: Place| match self.field(place).map(|field| &field.kind) {
            Some(FieldKind::Currency { minor_units, .. }) => Grid::Places(*minor_units),
            _ => Grid::Free,
        };
        let found = points(constants.collect(), self.places.iter().map(|place| grid(*place)).collect());
        let held = |place: Place, number: Decimal| match grid(place) {
            Grid::Places(places) => number.scale() <= places,
            Grid::Free => true,
        };
        let lists = self.each_place(|place| {
            let numbers = found.points.iter().map(|number| number.normalize()).filter(|number| held(place, *number));
            std::iter::once(Choice::Blank).chain(numbers.map(|number| Choice::Value(Value::Decimal(number)))).collect()
        });
        Choices { lists, days: vec![None], whole: found.whole && self.places.len() <= 2, today_matters: false }
    }

    /// Both days and moments lie on a line: of days, or of milliseconds.
    fn moments(&self, sort: Sort) -> Option<Choices> {
        if sort == Sort::Moment && !self.moments_are_told_apart() {
            return None;
        }
        let days = self.days_from_today();
        let today_matters = days != [None] && (self.places.len() > 1 || !self.constants().is_empty());
        let at = |moment: Timestamp| Decimal::from_i128_with_scale(moment.micros().into(), 3);
        let epoch = Date::constant(1970, 1, 1);
        let mut constants: Vec<Decimal> = self
            .constants()
            .into_iter()
            .filter_map(|constant| match constant {
                Comparable::Value(Value::Date(date)) => Some(Decimal::from(date.duration_since(epoch).as_hours() / 24)),
                Comparable::Value(Value::DateTime(moment)) => Some(at(*moment)),
                Comparable::Day(day) => Some(at(midnight(*day, &self.workspace.zone))),
                _ => None,
            })
            .collect();
        if constants.is_empty() {
            constants.push(if sort == Sort::Day { Decimal::from(now().micros() / DAY_MICROS) } else { at(now()) });
        }
        // The program's own columns are kept to the microsecond.
        let scale = |place: Place| if self.field(place).is_some() { 0 } else { 3 };
        let found = points(constants, self.places.iter().map(|place| Grid::Places(scale(*place))).collect());
        let choice = |place: Place, point: Decimal| {
            if point.scale() > scale(place) {
                return None;
            }
            if sort == Sort::Day {
                let days: i64 = point.trunc().try_into().ok()?;
                let date = epoch.checked_add(jiff::SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
                return (date.year() >= 0).then_some(Choice::Value(Value::Date(date)));
            }
            let micros: i64 = point.checked_mul(Decimal::ONE_THOUSAND)?.trunc().try_into().ok()?;
            let moment = Timestamp::from_micros(micros);
            Some(if self.field(place).is_some() { Choice::Value(Value::DateTime(moment)) } else { Choice::Moment(moment) })
        };
        let lists = self.each_place(|place| {
            let blank = self.field(place).is_some().then_some(Choice::Blank);
            blank.into_iter().chain(found.points.iter().filter_map(|point| choice(place, point.normalize()))).collect()
        });
        let pair = self.places.len() == 2 && days == [None];
        Some(Choices { lists, days, whole: found.whole && (self.places.len() == 1 || pair), today_matters })
    }

    /// Days after today that the rules can tell apart.
    fn days_from_today(&self) -> Vec<Option<i64>> {
        let mut constants = Vec::new();
        for rule in self.rules.iter().map(|rule| rule_of(rule)) {
            match (rule.operator, &rule.operand) {
                (Operator::InTheLastDays, Operand::Days(days)) => constants.extend([-days, 0]),
                (Operator::InTheNextDays, Operand::Days(days)) => constants.extend([0, *days]),
                (Operator::BeforeToday | Operator::AfterToday, _) => constants.push(0),
                _ => {}
            }
        }
        if constants.is_empty() {
            return vec![None];
        }
        let found = points(constants.into_iter().map(Decimal::from).collect(), vec![Grid::Places(0)]);
        found.points.into_iter().map(|days| days.try_into().ok()).collect()
    }

    /// Whether the order of the constants is the same in every time zone. A zone may have left out a day.
    fn moments_are_told_apart(&self) -> bool {
        let mut days = BTreeSet::new();
        let mut instants = false;
        for constant in self.constants() {
            match constant {
                Comparable::Day(day) => drop(days.insert(*day)),
                _ => instants = true,
            }
        }
        let next_to_each_other = days.iter().zip(days.iter().skip(1)).any(|(one, next)| next.duration_since(*one).as_hours() <= 48);
        days.is_empty() || (!instants && !next_to_each_other)
    }

    fn people(&self, place: Place) -> Vec<Choice> {
        let is_field = self.field(place).is_some();
        let users: BTreeSet<Id> = self.workspace.users().map(|user| user.id).collect();
        let choice = |id| if is_field { Choice::Value(Value::Person(id)) } else { Choice::Person(id) };
        std::iter::once(Choice::Blank).chain(users.into_iter().map(choice)).collect()
    }

    /// Those that the rules name and another one; or all, where two columns are compared by name.
    fn options(&self, place: Place) -> Vec<Choice> {
        let all = self.places.len() > 1;
        let Some(Field { kind: FieldKind::SingleSelect { options }, .. }) = self.field(place) else { return Vec::new() };
        let (mut chosen, others): (Vec<&SelectOption>, Vec<&SelectOption>) = options.iter().partition(|option| all || self.names(option));
        chosen.extend(others.first());
        std::iter::once(Choice::Blank).chain(chosen.into_iter().map(|option| Choice::Value(Value::Option(option.id)))).collect()
    }

    /// Every subset of the options that the rules name, each with and without another one.
    fn subsets(&self, place: Place) -> Option<Vec<Choice>> {
        let Some(Field { kind: FieldKind::MultipleSelect { options }, .. }) = self.field(place) else { return None };
        let (named, others): (Vec<&SelectOption>, Vec<&SelectOption>) = options.iter().partition(|option| self.names(option));
        if named.len() > OPTIONS_NAMED_MAX {
            return None;
        }
        let mut choices = vec![Choice::Blank];
        choices.extend(others.first().map(|other| Choice::Value(Value::Options(vec![other.id]))));
        for subset in 1..1usize << named.len() {
            let chosen = named.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1).map(|(_, option)| option.id);
            choices.push(Choice::Value(Value::Options(chosen.collect())));
        }
        Some(choices)
    }

    fn names(&self, option: &SelectOption) -> bool {
        self.constants().into_iter().any(|constant| *constant == Comparable::Value(Value::Option(option.id)))
    }

    fn present(&self, place: Place) -> Choice {
        match self.field(place).map(|field| &field.kind) {
            Some(FieldKind::File { .. }) => {
                let file = File { blob: id(1), content_type: "text/plain".to_owned(), filename: "file.txt".to_owned() };
                Choice::Value(Value::Files(vec![file]))
            }
            _ => Choice::Value(Value::Checked),
        }
    }
}
