//! Steps that leave the program.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::FieldRef;
use crate::template::{Escape, Template};

/// How long one attempt may take, and what follows when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub timeout: Duration,
    pub retry: Option<Retry>,
    /// After an attempt that may have been heard and was not answered, the step fails.
    pub never_repeat: bool,
}

/// What the definition opts in to, beyond what is always tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The first included.
    pub attempts: u32,
    pub backoff: Backoff,
    pub first: Duration,
    pub max: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    Exponential,
    Fixed,
}

#[derive(Clone, Debug)]
pub struct ApiCall {
    pub method: String,
    pub url: Template,
    pub headers: Vec<(String, Template)>,
    pub auth: Option<Auth>,
    pub body: CallBody,
    pub answer: AnswerUse,
}

#[derive(Clone, Debug)]
pub enum CallBody {
    /// Action, user and task as JSON.
    Default,
    Empty,
    Custom {
        template: Template,
        /// What its `Content-Type` asks for.
        escape: Escape,
    },
}

/// What becomes of a 2xx answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerUse {
    Ignored,
    /// The fields of its `task` object are set.
    Task,
    /// Each field from a JSON pointer.
    Map(Vec<(FieldRef, String)>),
}

/// How a call says who calls. Secrets of the workspace go by their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    Basic { user: String, password: String },
    Bearer { token: String },
    Header { name: String, value: String },
    Hmac { secret: String },
}

#[derive(Clone, Debug)]
pub struct Email {
    pub to: Vec<Template>,
    pub cc: Vec<Template>,
    pub bcc: Vec<Template>,
    pub subject: Template,
    /// Markdown.
    pub body: Template,
}
