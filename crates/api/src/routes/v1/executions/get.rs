//! `GET /api/v1/workflows/<w>/executions/<id>`, with `?expand=steps` how each step went, with `?_wait=<seconds>` once it has ended.

use std::time::Duration;

use axum::http::Method;
use baton_core::execution::StepStatus;
use baton_core::limits::WAIT_SECONDS_MAX;
use baton_core::time::Timestamp;
use baton_engine::commands::executions::{self, Answered, Step};
use baton_engine::{Cx, Outcome};
use serde::{Serialize, Serializer};

use super::wait;
use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Parameter, Takes};
use crate::openapi::nouns::EXECUTIONS;
use crate::openapi::parameters::{WAIT, of_query};
use crate::openapi::schemas;
use crate::query::bad;
use crate::route::{Handled, Policy, Route};
use crate::show::as_text_if_any;
use crate::show::execution::ShownExecution;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/executions/{execution}", policy: Policy::Read, handle, docs };

const EXPAND: Parameter = of_query("expand", Takes::OneOf(&["steps"]), "How each step went, too.", "steps");

fn docs() -> Docs {
    Docs {
        id: "get_execution",
        noun: &EXECUTIONS,
        title: "Show an execution",
        text: "With `expand=steps` how each step went, with `_wait` once it has ended.",
        parameters: &[EXPAND, WAIT],
        body: None,
        answers: vec![Done::json(200, "As it is now.", schemas::any_of(&[schemas::of("Execution"), schemas::of("ExecutionWithSteps")]))],
        refuses: &[],
    }
}

#[derive(Serialize)]
struct WithSteps<'a> {
    #[serde(flatten)]
    execution: ShownExecution<'a>,
    steps: Vec<ShownStep<'a>>,
}

#[derive(Serialize)]
struct ShownStep<'a> {
    kind: &'a str,
    status: StepStatus,
    attempts: u32,
    #[serde(serialize_with = "as_text_if_any")]
    started_at: Option<Timestamp>,
    #[serde(serialize_with = "as_text_if_any")]
    finished_at: Option<Timestamp>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Answer::is_of_no_call")]
    answer: Answer<'a>,
}

/// Only calls have one, and they have none until they are answered.
enum Answer<'a> {
    OfNoCall,
    NotYet,
    Answered(&'a Answered),
}

#[derive(Serialize)]
struct ShownAnswer<'a> {
    status: u16,
    body: Option<&'a str>,
}

impl Answer<'_> {
    fn is_of_no_call(&self) -> bool {
        matches!(self, Answer::OfNoCall)
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Answer::OfNoCall | Answer::NotYet => serializer.serialize_none(),
            Answer::Answered(answered) => ShownAnswer { status: answered.status, body: answered.body.as_deref() }.serialize(serializer),
        }
    }
}

impl<'a> From<&'a Step> for ShownStep<'a> {
    fn from(step: &'a Step) -> ShownStep<'a> {
        let answer = match &step.answer {
            Some(answered) => Answer::Answered(answered),
            None if step.calls => Answer::NotYet,
            None => Answer::OfNoCall,
        };
        let Step { kind, status, attempts, started_at, finished_at, error, .. } = step;
        ShownStep {
            kind,
            status: *status,
            attempts: *attempts,
            started_at: *started_at,
            finished_at: *finished_at,
            error: error.as_deref(),
            answer,
        }
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["expand", "_wait"])?;
        let wait = query.number("_wait", WAIT_SECONDS_MAX)?;
        match query.get("expand") {
            None => {
                let found = look(call, wait, executions::get, wait::has_ended).await?;
                ok(&ShownExecution::from(&found))
            }
            Some("steps") => {
                let found = look(call, wait, executions::details, |found| wait::has_ended(&found.execution)).await?;
                let steps = found.steps.iter().map(ShownStep::from).collect();
                ok(&WithSteps { execution: ShownExecution::from(&found.execution), steps })
            }
            Some(other) => Err(bad("expand", other, "steps").into()),
        }
    })
}

/// Once, or until it has ended.
async fn look<T: Send + 'static>(
    call: Call,
    wait: Option<i64>,
    command: fn(&mut Cx<'_>, &str, &str) -> Outcome<T>,
    has_ended: fn(&T) -> bool,
) -> Outcome<T> {
    let (engine, ask, workflow, execution) = (call.engine().clone(), call.ask(), call.part("workflow"), call.part("execution"));
    drop(call);
    // What is no id is nowhere, and is not waited for.
    let id = execution.parse().ok();
    let look = || {
        let (workflow, execution) = (workflow.clone(), execution.clone());
        engine.read(ask.clone(), move |cx| command(cx, &workflow, &execution))
    };
    match id.zip(wait) {
        Some((id, seconds)) => engine.wait(id, Duration::from_secs(seconds.unsigned_abs()), look, has_ended).await,
        None => look().await,
    }
}
