//! `POST /api/v1/workflows/<w>/executions/<id>/cancel`: ends it before its next step. One that is at a call ends when that does.

use axum::http::{Method, StatusCode};
use baton_engine::commands::executions;
use serde_json::json;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::EXECUTIONS;
use crate::openapi::parameters::nothing;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::execution::ShownExecution;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/executions/{execution}/cancel", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "cancel_execution",
        noun: &EXECUTIONS,
        title: "Cancel an execution",
        text: "It ends before its next step. One that is at a call stays `Pending` until the call ends. What the steps before did stays.",
        parameters: &[],
        body: Some(nothing()),
        answers: vec![
            Done::json(200, "As it is now.", schemas::of("Execution"))
                .like(json!({ "id": "091has", "status": "Fail", "errors": ["Cancelled by API (First key)"] })),
        ],
        refuses: &[Refuses::Plain(&["has_ended", "may_not_perform"])],
    }
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let raw = call.nothing().await?;
        let (workflow, execution) = (call.part("workflow"), call.part("execution"));
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let cancelled = executions::cancel(cx, &workflow, &execution)?;
            Ok(reply::answer(StatusCode::OK, &ShownExecution::from(&cancelled)))
        };
        call.post(&raw, command).await
    })
}
