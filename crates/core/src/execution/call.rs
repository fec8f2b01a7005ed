//! A call: what a step sends, rendered once, and what came of each attempt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::Id;
use crate::time::Timestamp;
use crate::told::Told;
use crate::workflow::Auth;

/// What goes out, the same at each attempt. Secrets stand in it by name; authorisation, timestamp and signature are made when
/// it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Http(HttpRequest),
    Email(EmailRequest),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auth: Option<Auth>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailRequest {
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    /// The body as it was written, with its values.
    pub text: String,
    /// The same as Markdown, in which no value is more than text.
    pub markdown: String,
    pub date: Timestamp,
}

/// A call with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Counted from 1.
    pub step: usize,
    pub request: Request,
    /// How often it was sent, or was about to be.
    pub attempts: u32,
    /// Attempts that are known to have failed; the others were interrupted.
    pub failures: u32,
    /// An attempt may be under way: its outcome is not known.
    pub open: bool,
    pub started_at: Timestamp,
    /// Of the last attempt that was answered over HTTP.
    pub status: Option<u16>,
    /// The first [`crate::limits::ANSWER_KEPT_BYTES`] of that answer.
    pub answer: Option<String>,
    /// How the last attempt failed.
    pub error: Option<String>,
}

/// Names the call for whoever gets it: the same at each attempt, and no other call's.
pub fn key(execution: Id, step: usize) -> String {
    format!("exe_{execution}_s{step}")
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Answered(Answer),
    /// A mail server took the message.
    Delivered,
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// What to say of it where it is not a 2xx.
    pub failure: Option<Told>,
    pub content_type: Option<String>,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub told: Told,
    pub kind: FailureKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Not a byte of it has left: the name, the connection, TLS.
    NotSent,
    /// It may have been heard, and no answer came.
    NoAnswer,
    /// The mail server asked to try again later.
    NotNow,
    /// The guard lets nobody go there.
    NotAllowed,
    /// It will not be otherwise next time.
    Final,
}
