//! `POST .../executions` with `task_ids`: one action on many tasks, each accepted or refused by itself, told in their order.
//!
//! They are accepted in chunks, each in a transaction of its own, so that nobody else waits for all of them. A chunk is kept under a part
//! of the `Idempotency-Key`: who asks again, since an answer got lost on the way, is told what was accepted before, and nothing is doubled.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use baton_core::ids::Id;
use baton_core::limits::BULK_TASKS_MAX;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::bulk;
use baton_engine::commands::executions::Start;
use baton_engine::{Answer, Ask, Engine, Failure, IdempotencyKey, Outcome, Replayed, StoreError};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::create::task_id;
use crate::call::Call;
use crate::problem::{self, Problem};
use crate::query::bad;
use crate::reply;

/// A task as the caller has named it, and as it is looked for.
#[derive(Clone)]
pub struct Named {
    given: Json,
    task: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Accepted { task_id: &'a Json, id: Id, status: &'static str },
    Refused { task_id: &'a Json, status: &'static str, errors: &'a [String] },
}

/// Takes `task_ids` out of a body. `None`: it has none, and is about a single task.
pub fn tasks_in(body: &mut Map<String, Json>) -> Result<Option<Vec<Named>>, Refusals> {
    let given = match body.shift_remove("task_ids") {
        None | Some(Json::Null) => return Ok(None),
        Some(given) => given,
    };
    if body.contains_key("task_id") {
        return Err(Refusals::action(Refusal::BodyShape { must: "have task_id or task_ids, not both" }));
    }
    // What was shown of one task says nothing of others.
    if body.contains_key("quote") {
        return Err(Refusals::action(Refusal::NotAParameter { name: "quote".to_owned() }));
    }
    let invalid = || Refusals::action(Refusal::FieldRefused { field: "task_ids".to_owned(), reason: Box::new(Refusal::IsInvalid) });
    let Json::Array(given) = given else { return Err(invalid()) };
    if given.len() > BULK_TASKS_MAX {
        let told = bad("task_ids", &format!("{} tasks", given.len()), &format!("at most {BULK_TASKS_MAX} tasks"));
        return Err(Refusals::action(told));
    }
    let named = |given: Json| task_id(&given).map(|task| Named { given, task });
    given.into_iter().map(named).collect::<Option<_>>().map(Some).ok_or_else(invalid)
}

pub async fn take(call: Call, raw: &[u8], tasks: Vec<Named>, start: Start) -> Result<Response<Body>, Problem> {
    if start.action.is_none() {
        return Err(Refusals::action(Refusal::IdRequired { key: "action_id".to_owned() }).into());
    }
    call.expect_no_if_match()?;
    let key = call.idempotency_key(raw)?;
    let taking = Taking { engine: call.engine().clone(), ask: call.ask(), key, workflow: call.part("workflow"), start };
    // Where nothing is named there is still one: key and workflow are looked at in any case.
    let count = tasks.len().div_ceil(bulk::CHUNK).max(1);
    let (mut tasks, mut told, mut all_replayed) = (tasks.into_iter(), List::default(), true);
    for number in 0..count {
        let chunk: Vec<Named> = tasks.by_ref().take(bulk::CHUNK).collect();
        match taking.accept(number, chunk.clone()).await {
            Ok((answer, Replayed(replayed))) => {
                told.append(&answer.body);
                all_replayed &= replayed;
            }
            // With the key all is asked for again, and told whole; without it what was accepted is told now or never.
            Err(failure) if number == 0 || (taking.key.is_some() && is_unknown(&failure)) => return Err(failure.into()),
            // What was accepted before is told all the same, and nothing more is tried.
            Err(failure) => {
                let errors = problem::sentences(&failure, &call.request_id);
                let left: Vec<Named> = chunk.into_iter().chain(tasks).collect();
                let refused = left.iter().map(|Named { given, .. }| Told::Refused { task_id: given, status: "Fail", errors: &errors });
                told.append(&serde_json::to_vec(&refused.collect::<Vec<_>>()).expect("wire types are always JSON"));
                all_replayed = false;
                break;
            }
        }
    }
    let answer = Answer { body: told.ended(), ..reply::answer(StatusCode::ACCEPTED, &()) };
    Ok(reply::from_answer((answer, Replayed(all_replayed))))
}

fn is_unknown(failure: &Failure) -> bool {
    matches!(failure, Failure::Store(StoreError::OutcomeUnknown(_)))
}

/// A bulk that is being accepted.
struct Taking {
    engine: Engine,
    ask: Ask,
    key: Option<IdempotencyKey>,
    workflow: String,
    start: Start,
}

impl Taking {
    async fn accept(&self, number: usize, chunk: Vec<Named>) -> Outcome<(Answer, Replayed)> {
        let admitted = self.engine.admit_many(&self.ask, chunk.len()).await?;
        let (workflow, start) = (self.workflow.clone(), self.start.clone());
        let tasks: Vec<Option<String>> = chunk.iter().map(|named| named.task.clone()).collect();
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let each = bulk::start_each(cx, &workflow, &tasks, &start)?;
            let each: Vec<_> = each.into_iter().map(|one| one.map_err(|refusals| problem::sentences_of(&refusals))).collect();
            let told = chunk.iter().zip(&each).map(|(Named { given, .. }, one)| match one {
                Ok(execution) => Told::Accepted { task_id: given, id: execution.id, status: execution.status.name() },
                Err(errors) => Told::Refused { task_id: given, status: "Fail", errors },
            });
            Ok(reply::answer(StatusCode::ACCEPTED, &told.collect::<Vec<_>>()))
        };
        let key = self.key.as_ref().map(|key| key.part(number));
        let done = self.engine.write_once(self.ask.clone(), key, command).await;
        drop(admitted);
        done
    }
}

/// JSON arrays, put together to one.
#[derive(Default)]
struct List(Vec<u8>);

impl List {
    fn append(&mut self, array: &[u8]) {
        let items = array.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or_default();
        if !items.is_empty() {
            self.0.push(if self.0.is_empty() { b'[' } else { b',' });
            self.0.extend_from_slice(items);
        }
    }

    fn ended(mut self) -> Vec<u8> {
        if self.0.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
        self.0
    }
}
