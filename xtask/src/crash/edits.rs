//! What clients change without an action: a field of their own in each task, and tasks that they make.

use std::time::Duration;

use serde_json::{Value, json};

use super::load::{Place, Shared, lock, post};
use super::settle::SETTLE_LONGEST;
use super::work::{CLIENTS, edit_field};
use crate::http::{Client, Lost, Reply};
use crate::{Outcome, clock};

/// One client's writing to its own field of one task. No other client writes there, so the last one that was answered must
/// be seen, unless one that was sent later and never answered is.
#[derive(Clone, Debug)]
pub struct Edit {
    pub client: usize,
    /// The task's place in the round.
    pub task: usize,
    pub value: String,
    pub sent: u64,
    /// When it was answered, if it was.
    pub answered: Option<u64>,
}

/// A task that a client made under a key.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its Name, and the key.
    pub name: String,
    pub sent: u64,
    pub answered: Option<u64>,
    /// The Task URL, once it was answered.
    pub url: Option<String>,
}

/// Writes, as an upsert. `Err`: no answer came.
pub fn edit(client: &mut Client, place: &Place<'_>, shared: &Shared, edit: &mut Edit) -> Result<Outcome, Lost> {
    let body = json!({"ID": place.tasks[edit.task], edit_field(edit.client): edit.value}).to_string();
    let reply = client.post(&tasks(place.workflow), &body)?;
    edit.answered = (reply.status == 200).then(|| shared.moment());
    Ok(sound(&reply, 200))
}

pub fn make(client: &mut Client, place: &Place<'_>, shared: &Shared, made: &mut Made) -> Result<Outcome, Lost> {
    let reply = ask(client, place, made)?;
    made.url = url(&reply);
    made.answered = made.url.is_some().then(|| shared.moment());
    Ok(sound(&reply, 201))
}

/// Every way in which the tasks, as they are read now, disagree with what the clients wrote and made.
pub fn judge(client: &mut Client, place: &Place<'_>, shared: &Shared, rows: &[Value]) -> Outcome<Vec<String>> {
    let (edits, made) = (lock(&shared.edits), lock(&shared.made));
    let mut findings = Vec::new();
    for made in &*made {
        findings.extend(check_made(client, place, made, SETTLE_LONGEST)?);
    }
    for (number, row) in rows.iter().enumerate() {
        findings.extend((0..CLIENTS).filter_map(|client| {
            let of_client: Vec<&Edit> = edits.iter().filter(|edit| (edit.client, edit.task) == (client, number)).collect();
            Some(format!("task {}: {}", place.tasks[number], finding(&of_client, row)?))
        }));
    }
    Ok(findings)
}

/// After the restart each is asked for again: it is there, once, and the same as before.
fn check_made(client: &mut Client, place: &Place<'_>, made: &Made, longest: Duration) -> Outcome<Option<String>> {
    let name = &made.name;
    let again = clock::wait_for("an answer to a task that was asked for again", longest, || {
        let reply = ask(client, place, made)?;
        sound(&reply, 201)?;
        Ok(url(&reply))
    })?;
    let found = client.get(&format!("{}?Name={name}", tasks(place.workflow)))?.expect(200)?;
    let urls: Vec<&str> = found.as_array().into_iter().flatten().filter_map(|task| task["Task URL"].as_str()).collect();
    Ok(match &made.url {
        Some(before) if *before != again => Some(format!("task {name} was {before} and is {again} when asked for again")),
        _ if urls != [&*again] => Some(format!("task {name} is there as {urls:?} instead of once as {again}")),
        _ => None,
    })
}

/// How one client's field of one task disagrees with what the client knows.
fn finding(edits: &[&Edit], row: &Value) -> Option<String> {
    let client = edits.first()?.client;
    let found = row[edit_field(client)].as_str();
    let last = edits.iter().rposition(|edit| edit.answered.is_some());
    let later = &edits[last.map_or(0, |last| last + 1)..];
    let known = last.map(|last| &*edits[last].value);
    let right = found == known || later.iter().any(|edit| Some(&*edit.value) == found);
    (!right).then(|| format!("{} is {found:?} instead of {known:?}, or what was not answered after it", edit_field(client)))
}

fn ask(client: &mut Client, place: &Place<'_>, made: &Made) -> Result<Reply, Lost> {
    post(client, &tasks(place.workflow), Some(&made.name), &json!({"Name": made.name}).to_string())
}

fn url(reply: &Reply) -> Option<String> {
    (reply.status == 201).then(|| reply.json().ok()?["Task URL"].as_str().map(str::to_owned))?
}

/// What a sound request may be answered while the server is in trouble.
fn sound(reply: &Reply, right: u16) -> Outcome {
    match reply.status {
        429 | 503 => Ok(()),
        status if status == right => Ok(()),
        status => Err(format!("a sound request was answered {status}: {}", reply.text()).into()),
    }
}

fn tasks(workflow: &str) -> String {
    format!("/api/v1/workflows/{workflow}/tasks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answered_is_seen_or_one_after_it() {
        let edit = |value: &str, answered: bool| Edit { client: 2, task: 0, value: value.into(), sent: 0, answered: answered.then_some(1) };
        let all = [edit("a", true), edit("b", false), edit("c", true), edit("d", false)];
        let all: Vec<&Edit> = all.iter().collect();
        for (edits, found, right) in [
            (&all[..], json!("c"), true),
            (&all, json!("d"), true),
            (&all, json!("b"), false),
            (&all, json!("a"), false),
            (&all, json!("e"), false),
            (&all, Value::Null, false),
            (&all[1..2], Value::Null, true),
            (&all[1..2], json!("b"), true),
            (&all[..1], Value::Null, false),
        ] {
            assert_eq!(finding(edits, &json!({ edit_field(2): found })).is_none(), right, "{edits:?}: {found}");
        }
        assert_eq!(finding(&[], &json!({})), None);
    }
}
