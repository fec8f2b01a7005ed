//! `POST /api/v1/workflows/<w>/executions/<id>/cancel`: ends it before its next step. One that is at a call ends when that does.

use axum::http::{Method, StatusCode};
use baton_engine::commands::executions;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::execution::ShownExecution;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/executions/{execution}/cancel", policy: Policy::Write, handle };

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
