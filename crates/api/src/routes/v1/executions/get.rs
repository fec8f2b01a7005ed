//! `GET /api/v1/workflows/<w>/executions/<id>`, with `?expand=steps` how each step went.

use axum::http::Method;
use baton_core::execution::StepStatus;
use baton_core::time::Timestamp;
use baton_engine::commands::executions::{self, Answered, Step};
use serde::{Serialize, Serializer};

use crate::call::{Call, ok};
use crate::query::bad;
use crate::route::{Handled, Policy, Route};
use crate::show::as_text_if_any;
use crate::show::execution::ShownExecution;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/executions/{execution}", policy: Policy::Read, handle };

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
        query.expect_only(&["expand"])?;
        let (workflow, execution) = (call.part("workflow"), call.part("execution"));
        match query.get("expand") {
            None => {
                let found = call.read(move |cx| executions::get(cx, &workflow, &execution)).await?;
                ok(&ShownExecution::from(&found))
            }
            Some("steps") => {
                let found = call.read(move |cx| executions::details(cx, &workflow, &execution)).await?;
                let steps = found.steps.iter().map(ShownStep::from).collect();
                ok(&WithSteps { execution: ShownExecution::from(&found.execution), steps })
            }
            Some(other) => Err(bad("expand", other, "steps").into()),
        }
    })
}
