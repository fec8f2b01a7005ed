//! The document as its authors meet it.

mod hostile;
mod identity;
mod mistakes;
mod mistakes_in_steps;
mod plan;
mod reading;
mod texts;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Definition, Problem, Read, parse_yaml, read};
use crate::fixtures::Ids;
use crate::ids::Id;
use crate::people::{User, UserState, Workspace};

/// The example of the documentation, whole.
const EXAMPLE: &str = include_str!("example.yaml");

fn workspace() -> Workspace {
    let user = |id, email: &str, state| User {
        id: Id::from_i64(id).expect("not negative"),
        email: email.to_owned(),
        first_name: "A".to_owned(),
        last_name: "B".to_owned(),
        admin: false,
        state,
    };
    let users = vec![user(1, "ann@example.com", UserState::Active), user(2, "gone@example.com", UserState::Deactivated)];
    Workspace::new(Id::from_i64(9).expect("not negative"), "Acme".to_owned(), TimeZone::UTC, None, users, Vec::new())
}

fn yaml(text: &str) -> Value {
    parse_yaml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The first save of a workflow; its ids are counted from 1001.
fn first(text: &str) -> Read {
    read(yaml(text), None, &workspace(), &mut Ids(1000)).unwrap_or_else(|problems| panic!("{}", told(&problems)))
}

/// A later save; new ids are counted from 5001.
fn next(value: Value, current: &Definition) -> Read {
    read(value, Some(current), &workspace(), &mut Ids(5000)).unwrap_or_else(|problems| panic!("{}", told(&problems)))
}

fn problems_of(text: &str) -> Vec<String> {
    match read(yaml(text), None, &workspace(), &mut Ids(1000)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
