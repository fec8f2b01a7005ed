//! `POST /api/v1/workflows/<w>/executions/<id>/retry`: a new execution that goes on where a failed one stopped.

use axum::http::{Method, StatusCode};
use baton_core::ids::Id;
use baton_engine::commands::executions;
use serde::Serialize;

use super::{QUOTED, TAKING};
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::EXECUTIONS;
use crate::openapi::parameters::{LOCATION, nothing};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use serde_json::{Value as Json, json};

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/executions/{execution}/retry", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "retry_execution",
        noun: &EXECUTIONS,
        title: "Retry an execution that failed",
        text: "A new execution that begins at the step that failed, on the revision that the first one had.",
        parameters: &[],
        body: Some(nothing()),
        answers: vec![Done::json(202, "It is accepted.", shape()).with(&[LOCATION])],
        refuses: &[
            Refuses::Action(&["has_not_failed", "retry_pending", "retry_succeeded", "no_task"]),
            Refuses::Action(QUOTED),
            Refuses::Action(TAKING),
        ],
    }
}

fn shape() -> Json {
    let first = schemas::described("The first of them, also where a retry is retried.", schemas::id());
    schemas::object(json!({ "id": schemas::id(), "status": schemas::of("ExecutionStatus"), "retry_of": first }))
}

#[derive(Serialize)]
struct Accepted {
    id: Id,
    status: &'static str,
    /// The first of them, also where a retry is retried.
    retry_of: Option<Id>,
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let raw = call.nothing().await?;
        let (workflow, execution) = (call.part("workflow"), call.part("execution"));
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let retry = executions::retry(cx, &workflow, &execution)?;
            let path = format!("/api/v1/workflows/{workflow}/executions/{}", retry.id);
            let accepted = Accepted { id: retry.id, status: retry.status.name(), retry_of: retry.retry_of };
            Ok(reply::located(reply::answer(StatusCode::ACCEPTED, &accepted), path))
        };
        let _admitted = call.engine().admit(&call.ask()).await.map_err(baton_engine::Failure::from)?;
        call.post(&raw, command).await
    })
}
