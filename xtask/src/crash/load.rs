//! Clients that act on tasks at the same time, and remember what they sent and what they were told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::edits::{self, Edit, Made};
use super::oracle::Asked;
use super::work::Kind;
use crate::Outcome;
use crate::http::{Client, Lost, Reply};
use crate::random::Random;

/// One request to execute, and what is known of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The task's place in the round.
    pub task: usize,
    pub body: String,
    pub key: Option<String>,
    pub asked: Asked,
    /// The client was refused: it never happened.
    pub refused: bool,
}

/// Where a round's clients act.
pub struct Place<'a> {
    pub workflow: &'a str,
    /// Unique IDs.
    pub tasks: &'a [String],
    pub actions: &'a HashMap<Kind, String>,
}

/// What all clients of a round share.
#[derive(Default)]
pub struct Shared {
    pub stop: AtomicBool,
    /// A moment for every request sent and every answer received, so that before and after can be told.
    moments: AtomicU64,
    pub sent: Mutex<Vec<Sent>>,
    pub edits: Mutex<Vec<Edit>>,
    pub made: Mutex<Vec<Made>>,
    pub findings: Mutex<Vec<String>>,
    /// Final statuses seen while the load was on: they must stay.
    pub finals: Mutex<HashMap<String, String>>,
}

impl Shared {
    pub fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }
}

/// Acts until told to stop or until no answer comes.
pub fn act(mut client: Client, number: usize, place: &Place<'_>, shared: &Shared, round: &str, mut random: Random) {
    let name = &*format!("{round}-{number}");
    let (mut sent, mut written) = (Vec::new(), Written { client: number, ..Written::default() });
    while !shared.stop.load(Ordering::Relaxed) {
        let request = compose(place, &mut random, name, sent.len());
        let Sent { body, key, .. } = &request;
        let (key, body) = (key.clone(), body.clone());
        let moment = shared.moment();
        let index = sent.len();
        sent.push(Sent { asked: Asked { sent: moment, ..request.asked.clone() }, ..request });

        let path = executions(place.workflow);
        let Ok(reply) = post(&mut client, &path, key.as_deref(), &body) else { break };
        match accepted(&reply) {
            Ok(Some(id)) => {
                sent[index].asked.answered = shared.moment();
                sent[index].asked.id = Some(id);
            }
            Ok(None) => sent[index].refused = reply.status == 429,
            Err(error) => note(shared, error),
        }
        if !also(&mut client, place, shared, &sent[index], &mut random) {
            break;
        }
        if random.once_in(4) && !written.more(&mut client, place, shared, name, &mut random) {
            break;
        }
    }
    lock(&shared.sent).append(&mut sent);
    lock(&shared.edits).append(&mut written.edits);
    lock(&shared.made).append(&mut written.made);
}

/// What one client has written without an action.
#[derive(Default)]
struct Written {
    client: usize,
    edits: Vec<Edit>,
    made: Vec<Made>,
}

impl Written {
    /// One thing more. False when no answer came.
    fn more(&mut self, client: &mut Client, place: &Place<'_>, shared: &Shared, name: &str, random: &mut Random) -> bool {
        let answered = if random.once_in(4) {
            let name = format!("{name}-made-{}", self.made.len());
            let mut made = Made { name, sent: shared.moment(), answered: None, url: None };
            let answered = edits::make(client, place, shared, &mut made);
            self.made.push(made);
            answered
        } else {
            let task = random.within(0..place.tasks.len() as u64) as usize;
            let value = format!("{name}-{}", self.edits.len());
            let mut edit = Edit { client: self.client, task, value, sent: shared.moment(), answered: None };
            let answered = edits::edit(client, place, shared, &mut edit);
            self.edits.push(edit);
            answered
        };
        match answered {
            Ok(outcome) => outcome.unwrap_or_else(|error| note(shared, error)),
            Err(_) => return false,
        }
        true
    }
}

fn compose(place: &Place<'_>, random: &mut Random, name: &str, number: usize) -> Sent {
    let task = random.within(0..place.tasks.len() as u64) as usize;
    let kind = *random.one_of(&Kind::QUICK);
    let key = (!random.once_in(3)).then(|| format!("{name}-{number}"));
    let body = json!({"task_id": place.tasks[task], "action_id": place.actions[&kind]}).to_string();
    Sent { task, body, key, asked: Asked { kind, sent: 0, answered: u64::MAX, id: None }, refused: false }
}

/// Now and then a client asks the same again, or how an execution goes. False when no answer came.
fn also(client: &mut Client, place: &Place<'_>, shared: &Shared, sent: &Sent, random: &mut Random) -> bool {
    let Some(id) = &sent.asked.id else { return true };
    if let Some(key) = sent.key.as_deref().filter(|_| random.once_in(16)) {
        let Ok(reply) = post(client, &executions(place.workflow), Some(key), &sent.body) else { return false };
        if let Err(error) = replayed(&reply, id) {
            note(shared, error);
        }
    }
    if random.once_in(4) {
        let Ok(reply) = client.get(&format!("{}/{id}", executions(place.workflow))) else { return false };
        // The store may be away for a while.
        if reply.status == 503 {
            return true;
        }
        match reply.expect(200).map(|answer| answer["status"].as_str().unwrap_or_default().to_owned()) {
            Ok(status) if status != "Pending" => drop(lock(&shared.finals).insert(id.clone(), status)),
            Ok(_) => {}
            Err(error) => note(shared, format!("an accepted execution can't be read: {error}").into()),
        }
    }
    true
}

pub fn executions(workflow: &str) -> String {
    format!("/api/v1/workflows/{workflow}/executions")
}

pub fn post(client: &mut Client, path: &str, key: Option<&str>, body: &str) -> Result<Reply, Lost> {
    match key {
        Some(key) => client.post_once(path, key, body),
        None => client.post(path, body),
    }
}

/// The id of an accepted execution; `None` when the server could not take it or does not know whether it did.
pub fn accepted(reply: &Reply) -> Outcome<Option<String>> {
    match reply.status {
        202 => {
            let id = reply.json()?["id"].as_str().map(str::to_owned);
            id.map(Some).ok_or_else(|| format!("a 202 names no id: {}", reply.text()).into())
        }
        429 | 503 => Ok(None),
        status => Err(format!("a sound request was answered {status}: {}", reply.text()).into()),
    }
}

/// Asked again with its key, an answered request gets the same answer, and says so.
pub fn replayed(reply: &Reply, id: &str) -> Outcome {
    match accepted(reply)? {
        Some(again) if again != id => Err(format!("the key of execution {id} replayed {again}").into()),
        Some(_) if !reply.replayed => Err(format!("a replay of execution {id} has no Idempotency-Replayed: true").into()),
        _ => Ok(()),
    }
}

pub fn note(shared: &Shared, finding: Box<dyn std::error::Error + Send + Sync>) {
    lock(&shared.findings).push(finding.to_string());
}

pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
