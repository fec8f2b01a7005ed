//! `POST /api/v1/workflows/<w>/executions/<id>/retry`: a new execution that goes on where a failed one stopped.

use axum::http::{Method, StatusCode};
use baton_core::ids::Id;
use baton_engine::commands::executions;
use serde::Serialize;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/executions/{execution}/retry", policy: Policy::Write, handle };

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
