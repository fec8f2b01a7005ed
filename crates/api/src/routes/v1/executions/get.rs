//! `GET /api/v1/workflows/<w>/executions/<id>`

use axum::http::Method;
use baton_core::execution::Status;
use baton_core::ids::Id;
use baton_engine::commands::executions;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/executions/{execution}", policy: Policy::Read, handle };

#[derive(Serialize)]
struct Execution {
    id: Id,
    status: &'static str,
    /// The errors of the step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<String>>,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, execution) = (call.part("workflow"), call.part("execution"));
        let found = call.read(move |cx| executions::get(cx, &workflow, &execution)).await?;
        let status = found.status.name();
        let errors = match found.status {
            Status::Fail { errors, .. } => Some(errors),
            Status::Pending | Status::Success { .. } => None,
        };
        ok(&Execution { id: found.id, status, errors })
    })
}
