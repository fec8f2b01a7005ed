//! After the restart: asks again what got no answer, waits until everything has run, and reads what the tasks show.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::load::{Place, Sent, Shared, accepted, executions, note, post, replayed};
use super::oracle::{Asked, Shown};
use super::work::{End, Kind};
use crate::http::Client;
use crate::random::Random;
use crate::{Outcome, clock};

/// `recovery` allows another node 12 s; one that restarts needs none of it. Only what hangs meets this.
pub const SETTLE_LONGEST: Duration = Duration::from_secs(60);
/// Asking all answered requests again would make the rounds long; each is asked again with this chance.
const REPLAY_ONCE_IN: u64 = 8;

pub struct Settled {
    pub retried: usize,
    pub replays: usize,
}

/// Unknown outcomes with a key become known; then one more execution on each task, behind all others, is waited for.
pub fn settle(
    client: &mut Client,
    place: &Place<'_>,
    shared: &Shared,
    sent: &mut Vec<Sent>,
    round: &str,
    random: &mut Random,
) -> Outcome<Settled> {
    let path = executions(place.workflow);
    let mut settled = Settled { retried: 0, replays: 0 };
    for request in sent.iter_mut() {
        let Some(key) = &request.key else { continue };
        match &request.asked.id {
            None if request.refused => {}
            None => {
                request.asked.id = Some(ask_until_accepted(client, &path, key, &request.body)?);
                settled.retried += 1;
            }
            Some(id) if random.once_in(REPLAY_ONCE_IN) => {
                if let Err(error) = replayed(&post(client, &path, Some(key), &request.body)?, id) {
                    note(shared, error);
                }
                settled.replays += 1;
            }
            Some(_) => {}
        }
    }
    for task in 0..place.tasks.len() {
        sent.push(last(client, place, shared, task, round)?);
    }
    for request in sent.iter().rev() {
        if let Some(id) = &request.asked.id {
            wait_until_final(client, place.workflow, id)?;
        }
    }
    Ok(settled)
}

pub fn ask_until_accepted(client: &mut Client, path: &str, key: &str, body: &str) -> Outcome<String> {
    clock::wait_for("an answer to a request that was asked again", SETTLE_LONGEST, || accepted(&post(client, path, Some(key), body)?))
}

fn last(client: &mut Client, place: &Place<'_>, shared: &Shared, task: usize, round: &str) -> Outcome<Sent> {
    let kind = Kind::Return;
    let key = format!("{round}-last-{task}");
    let body = serde_json::json!({"task_id": place.tasks[task], "action_id": place.actions[&kind]}).to_string();
    let moment = shared.moment();
    let id = ask_until_accepted(client, &executions(place.workflow), &key, &body)?;
    let asked = Asked { kind, sent: moment, answered: shared.moment(), id: Some(id) };
    Ok(Sent { task, body, key: Some(key), asked, refused: false })
}

pub fn wait_until_final(client: &mut Client, workflow: &str, id: &str) -> Outcome {
    let path = executions(workflow);
    let what = format!("the end of execution {id}");
    clock::wait_for(&what, SETTLE_LONGEST, || {
        let answer = client.get(&format!("{path}/{id}"))?.expect(200)?;
        Ok((answer["status"] != "Pending").then_some(()))
    })
}

/// Reads everything that a task shows of its executions.
pub fn show(client: &mut Client, workflow: &str, task: &str, asked: &[Asked]) -> Outcome<Shown> {
    let path = format!("/api/v1/workflows/{workflow}/tasks/{task}");
    let row = client.get(&path)?.expect(200)?;
    let mut shown = Shown { count: number(&row["Count"])?, trail: text(&row["Trail"]), ..Shown::default() };
    (shown.echo, shown.stage) = (text(&row["Echo"]), text(&row["Stage"]));
    for comment in array(client.get(&format!("{path}/comments"))?.expect(200)?)? {
        shown.comments.push(text(&comment["body"]));
    }
    let mut page = Some(format!("{path}/activity"));
    while let Some(path) = page {
        let reply = client.get(&path)?;
        for row in array(reply.expect(200)?)? {
            match row["kind"].as_str() {
                Some("execution.finished") => shown.finished.push(text(&row["execution"])),
                Some("comment.added") => shown.commented.push(text(&row["execution"])),
                Some("stage_change.scheduled") => shown.due.push(text(&row["after"]["due_at"])),
                Some("task.updated") if row["actor"]["type"] == "schedule" => shown.moved.push(text(&row["at"])),
                _ => {}
            }
        }
        page = reply.next;
    }
    shown.ends = ends(client, workflow, asked)?;
    Ok(shown)
}

fn ends(client: &mut Client, workflow: &str, asked: &[Asked]) -> Outcome<HashMap<String, End>> {
    let mut ends = HashMap::new();
    for id in asked.iter().filter_map(|asked| asked.id.as_deref()) {
        let answer = client.get(&format!("{}/{id}", executions(workflow)))?.expect(200)?;
        let errors = answer["errors"].as_array().into_iter().flatten().map(text).collect();
        ends.insert(id.to_owned(), End { status: text(&answer["status"]), errors });
    }
    Ok(ends)
}

fn array(value: Value) -> Outcome<Vec<Value>> {
    match value {
        Value::Array(rows) => Ok(rows),
        other => Err(format!("a list was expected instead of {other}").into()),
    }
}

/// Numbers are shown as strings; a blank one is null, which no execution has raised yet.
fn number(value: &Value) -> Outcome<usize> {
    match value {
        Value::Null => Ok(0),
        Value::String(digits) => Ok(digits.parse()?),
        other => Err(format!("a number is shown as {other}").into()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
