//! A quote: what a dry run has shown, and all that must still be so when it is executed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::foresight::{Foresight, Reader, changes};
use crate::actor::Actor;
use crate::ids::Id;
use crate::limits::{NAME_CHARACTERS_MAX, QUOTE_LIFETIME};
use crate::refusal::Refusal;
use crate::task::{Change, Task};
use crate::time::Timestamp;

/// What an action is asked for with, as the caller wrote it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    pub task_id: Option<String>,
    pub action_id: Option<String>,
    pub performed_by: Option<String>,
    pub fields: Map<String, Json>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pub inputs: Inputs,
    pub workflow: Id,
    pub revision: i64,
    pub task: Id,
    pub version: i64,
    pub performer: Actor,
    /// The greatest sequence of the task's executions.
    pub sequence: i64,
    pub at: Timestamp,
    /// [`fingerprint`] of what was shown.
    pub shown: String,
}

/// What a caller goes by where it decides on a dry run.
pub fn fingerprint(foresight: &Foresight) -> String {
    let shown = serde_json::to_vec(foresight).expect("a foresight is JSON");
    Sha256::digest(shown).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The task and its workflow as they are when a quote is executed.
pub struct Now<'a> {
    pub task: &'a Task,
    pub performer: Actor,
    pub last_sequence: i64,
    pub waiting: i64,
    pub reader: Reader<'a>,
}

impl Quote {
    pub fn expires_at(&self) -> Timestamp {
        self.at.plus_micros(i64::try_from(QUOTE_LIFETIME.as_micros()).unwrap_or(i64::MAX))
    }

    /// The inputs, of which the caller may repeat any, as they were.
    pub fn inputs(&self, given: &Inputs) -> Result<Inputs, Vec<Refusal>> {
        let quoted = &self.inputs;
        let other = |given: &Option<String>, quoted: &Option<String>| given.is_some() && given != quoted;
        let contradictions = [
            ("task_id", other(&given.task_id, &quoted.task_id)),
            ("action_id", other(&given.action_id, &quoted.action_id)),
            ("performed_by", other(&given.performed_by, &quoted.performed_by)),
            ("fields", !given.fields.is_empty() && given.fields != quoted.fields),
        ];
        let told = contradictions.into_iter().filter(|(_, contradicts)| *contradicts);
        let told: Vec<Refusal> = told.map(|(key, _)| Refusal::NotAsQuoted { key }).collect();
        if told.is_empty() { Ok(quoted.clone()) } else { Err(told) }
    }

    /// What has changed since, a sentence for each. `history`: the changes of the task since the quoted version, in order.
    pub fn changed(&self, now: &Now<'_>, history: &[Change]) -> Vec<Refusal> {
        let since = |what: &str| Refusal::ChangedSinceQuote { what: what.to_owned(), values: None };
        let mut told = Vec::new();
        if now.reader.workflow.revision != self.revision {
            told.push(since("The workflow"));
        }
        if now.performer != self.performer {
            told.push(since("The performer"));
        }
        if now.task.id != self.task {
            told.push(since("The task"));
        } else if now.task.version != self.version {
            let changes = sentences(&changes(&since_then(history, now.task), now.reader));
            told.extend(if changes.is_empty() { vec![since("The task")] } else { changes });
        }
        if now.last_sequence != self.sequence || now.waiting > 0 {
            told.push(Refusal::OtherExecution);
        }
        told
    }

    /// Whether what would be done is what was shown. `then` is foreseen as at the moment of the quote, so that it differs by more
    /// than time; the moment in a text is that of the run, but the day must be the same or be of no consequence.
    pub fn still_shows(&self, then: &Foresight, now: &Foresight, same_day: bool) -> bool {
        let as_shown = fingerprint(then) == self.shown;
        let statuses = |foresight: &Foresight| foresight.steps.iter().map(|step| step.status).collect::<Vec<_>>();
        as_shown && if same_day { statuses(then) == statuses(now) } else { then == now }
    }
}

/// From the state before the first of the changes to the task as it is.
fn since_then(history: &[Change], now: &Task) -> Change {
    let mut then = now.clone();
    for change in history.iter().rev() {
        if let Some((stage, _)) = change.stage {
            then.stage = stage;
        }
        if let Some((assignee, _)) = change.assignee {
            then.assignee = assignee;
        }
        for (field, (before, _)) in &change.values {
            match before {
                Some(value) => then.values.insert(*field, value.clone()),
                None => then.values.remove(field),
            };
        }
    }
    Change::between(&then, now)
}

fn sentences(changes: &Map<String, Json>) -> Vec<Refusal> {
    let sentence = |(name, pair): (&String, &Json)| {
        let values = pair.get(0).and_then(text).zip(pair.get(1).and_then(text));
        Refusal::ChangedSinceQuote { what: name.clone(), values }
    };
    changes.iter().map(sentence).collect()
}

/// A value in a sentence; what is long or has parts of its own is only said to have changed.
fn text(value: &Json) -> Option<String> {
    let text = match value {
        Json::Null => "blank".to_owned(),
        Json::Array(items) if items.is_empty() => "blank".to_owned(),
        Json::Array(items) => items.iter().map(Json::as_str).collect::<Option<Vec<_>>>()?.join(", "),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Object(_) => return None,
    };
    (text.chars().count() <= NAME_CHARACTERS_MAX && !text.contains('\n')).then_some(text)
}
