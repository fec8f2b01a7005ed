//! A world that holds one sample: a task, who acts, today, and the people there are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::choices::{Choice, OTHERS};
use super::samples::{Place, rule_of};
use crate::actor::Actor;
use crate::condition::{Column, Comparable, Condition, Operand};
use crate::ids::Id;
use crate::people::{User, UserState, Workspace};
use crate::task::Task;
use crate::time::{Timestamp, midnight};
use crate::value::Value;
use crate::workflow::Workflow;

pub(super) const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The first moment of 2026: any would do.
pub(super) fn now() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

pub(super) fn id(raw: i64) -> Id {
    Id::from_i64(raw).expect("not negative")
}

/// Everybody whom the rules name is a user, since a rule about somebody else can only fail; with others, where people matter.
pub(super) fn workspace(rules: &[&Condition], people_matter: bool) -> Workspace {
    let mut emails = BTreeSet::new();
    if people_matter {
        for rule in rules {
            if let Operand::Values(values) = &rule_of(rule).operand {
                emails.extend(values.iter().filter_map(|value| match value {
                    Comparable::Email(email) => Some(email.clone()),
                    _ => None,
                }));
            }
        }
        let named = emails.len();
        let others = (1..).map(|number| format!("user{number}@example.com"));
        for email in others.take(named + OTHERS) {
            if emails.len() < named + OTHERS {
                emails.insert(email);
            }
        }
    }
    let users = (1..).zip(emails).map(|(raw, email)| User {
        id: id(raw),
        email,
        first_name: String::new(),
        last_name: String::new(),
        admin: false,
        state: UserState::Active,
    });
    Workspace::new(id(0), String::new(), TimeZone::UTC, None, users.collect(), Vec::new())
}

/// A task as a sample has it.
pub(super) struct World {
    pub task: Task,
    pub performer: Actor,
    pub now: Timestamp,
}

impl World {
    pub fn new(workflow: &Workflow) -> World {
        let task = Task {
            id: id(0),
            workflow: workflow.id,
            stage: workflow.first_stage().id,
            assignee: None,
            values: BTreeMap::new(),
            version: 1,
            created_at: now(),
            updated_at: now(),
            created_by: Actor::Operator,
            performers: BTreeMap::new(),
        };
        World { task, performer: Actor::Operator, now: now() }
    }

    pub fn put(&mut self, place: Place, choice: &Choice) {
        match (place, choice) {
            (Place::Column(Column::Field(field)), Choice::Value(value)) => drop(self.task.values.insert(field, value.clone())),
            (Place::Column(Column::Field(field)), Choice::OtherText(text)) => {
                self.task.values.insert(field, Value::Text(text.clone()));
            }
            (Place::Column(Column::Stage), Choice::Stage(stage)) => self.task.stage = *stage,
            (Place::Column(Column::AssignedTo), Choice::Person(user)) => self.task.assignee = Some(*user),
            (Place::Column(Column::CreatedBy), Choice::Person(user)) => self.task.created_by = Actor::User(*user),
            (Place::Column(Column::CreatedOn), Choice::Moment(moment)) => self.task.created_at = *moment,
            (Place::Column(Column::UpdatedOn), Choice::Moment(moment)) => self.task.updated_at = *moment,
            (Place::Performer, Choice::Person(user)) => self.performer = Actor::User(*user),
            // Blank is how it begins.
            _ => {}
        }
    }

    /// Makes today the day on which `chosen` is so many days ahead.
    pub fn turn(&mut self, chosen: &[(Place, &Choice)], days: i64) {
        let first = chosen.iter().find_map(|(_, choice)| match choice {
            Choice::Value(Value::Date(date)) => Some(midnight(*date, &TimeZone::UTC)),
            Choice::Value(Value::DateTime(moment)) | Choice::Moment(moment) => Some(*moment),
            _ => None,
        });
        self.now = first.unwrap_or(now()).plus_micros(days.saturating_mul(-DAY_MICROS));
    }
}
