//! Who does something.

use serde::{Deserialize, Serialize};

use crate::ids::Id;

/// Who did it, as the history names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    User(Id),
    ApiKey(Id),
    /// The command line on the server's own machine.
    Operator,
    /// A stage change that was scheduled.
    Schedule,
}

impl Actor {
    pub fn kind(self) -> &'static str {
        match self {
            Actor::User(_) => "user",
            Actor::ApiKey(_) => "api_key",
            Actor::Operator => "operator",
            Actor::Schedule => "schedule",
        }
    }

    pub fn id(self) -> Option<Id> {
        match self {
            Actor::User(id) | Actor::ApiKey(id) => Some(id),
            Actor::Operator | Actor::Schedule => None,
        }
    }

    /// The person, where one acted.
    pub fn user(self) -> Option<Id> {
        match self {
            Actor::User(id) => Some(id),
            Actor::ApiKey(_) | Actor::Operator | Actor::Schedule => None,
        }
    }

    pub fn from_parts(kind: &str, id: Option<Id>) -> Option<Actor> {
        match (kind, id) {
            ("user", Some(id)) => Some(Actor::User(id)),
            ("api_key", Some(id)) => Some(Actor::ApiKey(id)),
            ("operator", None) => Some(Actor::Operator),
            ("schedule", None) => Some(Actor::Schedule),
            _ => None,
        }
    }
}
