//! What takes a second or more: calls that are tried again and scheduled stage changes. Each has a task of its own, goes on while later
//! rounds kill the server, and is judged at the end.

use std::collections::HashMap;

use serde_json::json;

use super::calls::{self, Known};
use super::load::{executions, post};
use super::oracle::{self, Asked};
use super::settle::{self, SETTLE_LONGEST};
use super::work::Kind;
use crate::http::Client;
use crate::sink::{Received, Sink};
use crate::{Outcome, clock};

pub struct Slow {
    kind: Kind,
    task: String,
    key: String,
    body: String,
    /// Known once it was answered.
    id: String,
}

impl Slow {
    pub fn new(kind: Kind, task: String, action: &str, round: &str) -> Slow {
        let body = json!({"task_id": task, "action_id": action}).to_string();
        Slow { kind, task, key: format!("{round}-slow"), body, id: String::new() }
    }

    /// Whether an answer comes or not: it is asked for again after the restart.
    pub fn ask(&self, client: &mut Client, workflow: &str) {
        drop(post(client, &executions(workflow), Some(&self.key), &self.body));
    }

    pub fn asked_again(self, client: &mut Client, workflow: &str) -> Outcome<Slow> {
        let id = settle::ask_until_accepted(client, &executions(workflow), &self.key, &self.body)?;
        Ok(Slow { id, ..self })
    }

    /// Moves their calls, which are judged later, from what was received to `kept`.
    pub fn take_calls(slow: &[Slow], received: &mut Received, kept: &mut Received) {
        let of_slow = |key: Option<&str>| key.and_then(calls::parts).is_some_and(|(id, _)| slow.iter().any(|slow| slow.id == id));
        let (theirs, others) = std::mem::take(&mut received.calls).into_iter().partition(|call| of_slow(call.key.as_deref()));
        kept.calls.extend::<Vec<_>>(theirs);
        received.calls = others;
    }

    /// Waits for all of them, and judges them and their calls.
    pub fn judge(slow: &[Slow], client: &mut Client, workflow: &str, sink: &Sink, mut received: Received) -> Outcome {
        let mut findings = Vec::new();
        let mut known = HashMap::new();
        for Slow { kind, task, id, .. } in slow {
            settle::wait_until_final(client, workflow, id)?;
            let asked = [Asked { kind: *kind, sent: 0, answered: 1, id: Some(id.clone()) }];
            clock::wait_for("a scheduled stage change", SETTLE_LONGEST, || {
                let shown = settle::show(client, workflow, task, &asked)?;
                Ok((shown.moved.len() >= shown.due.len()).then_some(()))
            })?;
            // Anew: its stage was read before its history.
            let shown = settle::show(client, workflow, task, &asked)?;
            findings.extend(oracle::findings(&asked, &shown).into_iter().map(|finding| format!("task {task}: {finding}")));
            for (id, run) in oracle::runs(&shown) {
                known.insert(id.to_owned(), Known { run, attempts_max: usize::MAX });
            }
        }
        received.calls.extend(sink.take().calls);
        findings.extend(calls::judge(&received, &known).findings);
        if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
    }
}
