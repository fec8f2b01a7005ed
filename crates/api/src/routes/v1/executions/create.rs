//! `POST /api/v1/workflows/<w>/executions`: takes an action on a task. What the body says and what the action refuses
//! has the shape of a failed execution; who calls, the path, and a body that can't be read are told like everywhere.
//! `?_explain=true` takes nothing, and says what speaks against it; `?_dry_run=true` (`dry_run.rs`) what it would do.
//! `bulk.rs` is for many tasks, `wait.rs` for who wants to see the end.

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use baton_core::ids::Id;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::actions;
use baton_engine::commands::executions::{self, Start};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::wait::{self, Waiting};
use super::{QUOTED, TAKING, bulk, dry_run};
use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Given, Parameter, Refuses, Takes};
use crate::openapi::nouns::EXECUTIONS;
use crate::openapi::parameters::{DRY_RUN, IF_MATCH, LOCATION, PREFER, PREFERENCE_APPLIED, of_query};
use crate::openapi::schemas;
use crate::problem::Problem;
use crate::query::bad;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::explained;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/executions", policy: Policy::Write, handle, docs };

/// What may be wrong with the body.
const UNFIT: &[&str] = &["id_required", "field_refused", "not_a_parameter", "body_shape"];

const EXPLAIN: Parameter = of_query("_explain", Takes::Flag, "Takes nothing, and says what speaks against it.", "true");

fn docs() -> Docs {
    let accepted = schemas::any_of(&[schemas::of("Execution"), schemas::list_of(schemas::of("BulkResult"))]);
    Docs {
        id: "take_action",
        noun: &EXECUTIONS,
        title: "Take an action",
        text: "On one task, or with `task_ids` on up to 1,000, each accepted or refused by itself. It runs beside the request: follow it by its id, \
               or wait with `Prefer: wait=10`. `_explain=true` takes nothing and says what speaks against it; `_dry_run=true` takes nothing \
               and says what it would do. Both may be asked with a read-only key.",
        parameters: &[EXPLAIN, DRY_RUN, IF_MATCH, PREFER],
        body: Some(Given::json(body_shape(), "What is taken, on what, by whom.")),
        answers: vec![
            Done::json(200, "It has ended while you waited; or it is explained, or what it would do is told.", done())
                .may_have(&[LOCATION, PREFERENCE_APPLIED]),
            Done::json(202, "It is accepted, or of many each is accepted or refused.", accepted).may_have(&[LOCATION, PREFERENCE_APPLIED]),
        ],
        refuses: &[Refuses::Action(UNFIT), Refuses::Action(QUOTED), Refuses::Action(TAKING)],
    }
}

fn body_shape() -> Json {
    let task = || json!({ "type": ["string", "integer", "null"] });
    schemas::object(json!({
        "task_id?": schemas::described("The task's Unique ID, as text or whole number, or its public id.", task()),
        "task_ids?": schemas::described("Up to 1,000 of them, instead of `task_id`.", schemas::or_null(schemas::list_of(task()))),
        "action_id?": schemas::described("The id of the action.", schemas::or_null(schemas::text())),
        "performed_by?": schemas::described("The e-mail of the collaborator who acts; without it the key does.", schemas::or_null(schemas::text())),
        "fields?": schemas::described("Values that are set first, in the same transaction.", schemas::map_of(schemas::of("GivenValue"))),
        "quote?": schemas::described("Of a dry run: does what that has shown, or nothing.", schemas::or_null(schemas::text())),
    }))
}

fn done() -> Json {
    schemas::any_of(&[schemas::of("Execution"), schemas::of("ExplainedAction"), schemas::of("DryRun")])
}

#[derive(Serialize)]
struct Accepted {
    id: Id,
    status: &'static str,
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_explain", "_dry_run"])?;
        match (query.flag("_explain")?, query.flag("_dry_run")?) {
            (false, false) => {}
            (true, false) => return explain(call).await,
            (false, true) => return dry_run::foresee(call).await,
            (true, true) => return Err(bad("_dry_run", "true", "false with _explain=true").into()),
        }
        call.engine().turn_away(&call.ask()).map_err(baton_engine::Failure::from)?;
        let mut body = call.object().await.map_err(in_shape)?;
        if let Some(tasks) = bulk::tasks_in(&mut body.keys)? {
            let start = start(&body.keys)?;
            return bulk::take(call, &body.raw, tasks, start).await;
        }
        let expected = call.expected()?;
        let (workflow, start) = (call.part("workflow"), Start { expected, ..start(&body.keys)? });
        let waiting = wait::preferred(&call.head.headers).map(|seconds| Waiting {
            engine: call.engine().clone(),
            ask: call.ask(),
            workflow: workflow.clone(),
            seconds,
        });
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let execution = executions::start(cx, &workflow, &start)?;
            let path = format!("/api/v1/workflows/{workflow}/executions/{}", execution.id);
            let accepted = Accepted { id: execution.id, status: execution.status.name() };
            Ok(reply::located(reply::answer(StatusCode::ACCEPTED, &accepted), path))
        };
        let admitted = call.engine().admit(&call.ask()).await.map_err(baton_engine::Failure::from)?;
        let answered = call.once(&body.raw, command).await?;
        // Who waits holds nothing that others want.
        drop((admitted, body, call));
        match waiting {
            Some(waiting) => Ok(waiting.answer(answered).await),
            None => Ok(reply::from_answer(answered)),
        }
    })
}

async fn explain(mut call: Call) -> Result<Response<Body>, Problem> {
    let body = call.object().await.map_err(in_shape)?;
    call.idempotency_key(&body.raw)?;
    let (workflow, start) = (call.part("workflow"), start(&body.keys)?);
    let found = call.read(move |cx| actions::explain(cx, &workflow, &start)).await?;
    ok(&explained::shown(&found).first())
}

/// A body that says something else than an execution; one that can't be read is told like everywhere.
pub(super) fn in_shape(problem: Problem) -> Problem {
    match problem {
        Problem::Request(Refusals::Plain(refusal @ Refusal::BodyShape { .. })) => Refusals::action(refusal).into(),
        problem => problem,
    }
}

pub(super) fn start(body: &Map<String, Json>) -> Result<Start, Refusals> {
    let mut refusals = Vec::new();
    let mut start = Start::default();
    for (key, given) in body {
        let read = match key.as_str() {
            "task_id" => task_id(given).map(|task| start.task = task),
            "action_id" => text(given).map(|action| start.action = action),
            "performed_by" => performed_by(given).map(|email| start.performed_by = email),
            "quote" => text(given).map(|quote| start.quote = quote),
            "fields" => given.as_object().map(|fields| start.fields = fields.clone()),
            // Where many are taken they are read before.
            "task_ids" => {
                refusals.push(Refusal::BodyShape { must: "have task_id: only one task at a time is explained or run dry" });
                continue;
            }
            name => {
                refusals.push(Refusal::NotAParameter { name: name.to_owned() });
                continue;
            }
        };
        if read.is_none() {
            refusals.push(Refusal::FieldRefused { field: key.clone(), reason: Box::new(Refusal::IsInvalid) });
        }
    }
    if refusals.is_empty() { Ok(start) } else { Err(Refusals::Action(refusals)) }
}

/// A text or a whole number, digit for digit; blank is absent.
pub(super) fn task_id(given: &Json) -> Option<Option<String>> {
    match given {
        Json::Number(number) => {
            let digits = number.as_str();
            digits.strip_prefix('-').unwrap_or(digits).bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(digits.to_owned()))
        }
        other => text(other),
    }
}

fn text(given: &Json) -> Option<Option<String>> {
    match given {
        Json::Null => Some(None),
        Json::String(text) => Some((!text.trim().is_empty()).then(|| text.clone())),
        _ => None,
    }
}

/// Blank is invalid, not absent: nobody should act with all the key's rights because a name got lost on the way.
fn performed_by(given: &Json) -> Option<Option<String>> {
    match given {
        Json::Null => Some(None),
        Json::String(email) => (!email.trim().is_empty()).then(|| Some(email.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Vec<String> {
        match start(serde_json::from_str::<Json>(body).unwrap().as_object().unwrap()) {
            Ok(start) => vec![format!("{start:?}")],
            Err(Refusals::Action(refusals)) => refusals.iter().map(Refusal::to_string).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_says_what_to_take_and_nothing_else() {
        let read = |task: Option<&str>, action: Option<&str>, by: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            vec![format!("{:?}", Start { task: owned(task), action: owned(action), performed_by: owned(by), ..Start::default() })]
        };
        for (body, expected) in [
            ("{}", read(None, None, None)),
            (r#"{"task_id":"678","action_id":"edHR10","performed_by":"a@b.cd"}"#, read(Some("678"), Some("edHR10"), Some("a@b.cd"))),
            (r#"{"task_id":678,"performed_by":null}"#, read(Some("678"), None, None)),
            (r#"{"task_id":12345678901234567890123}"#, read(Some("12345678901234567890123"), None, None)),
            (r#"{"task_id":-7}"#, read(Some("-7"), None, None)),
            (r#"{"task_id":" ","action_id":null}"#, read(None, None, None)),
            (r#"{"task_id":1.0,"action_id":7}"#, vec!["task_id is invalid".to_owned(), "action_id is invalid".to_owned()]),
            (r#"{"task_id":1e3}"#, vec!["task_id is invalid".to_owned()]),
            (r#"{"task_id":["1"],"performed_by":""}"#, vec!["task_id is invalid".to_owned(), "performed_by is invalid".to_owned()]),
            (r#"{"quote":7}"#, vec!["quote is invalid".to_owned()]),
            (r#"{"task_ids":["1"]}"#, vec!["body must have task_id: only one task at a time is explained or run dry".to_owned()]),
            (r#"{"fields":[]}"#, vec!["fields is invalid".to_owned()]),
            (r#"{"task":"1"}"#, vec!["task is not a parameter".to_owned()]),
        ] {
            assert_eq!(told(body), expected, "{body}");
        }
    }
}
