//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/actions`: the actions that may be taken in the task's stage, in the
//! workflow's order. Unmet requirements hide none.

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::actions;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/actions", policy: Policy::Read, handle };

#[derive(Serialize)]
struct Action {
    id: Id,
    name: String,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let available = call.read(move |cx| actions::available(cx, &workflow, &task)).await?;
        ok(&available.into_iter().map(|action| Action { id: action.id, name: action.name }).collect::<Vec<_>>())
    })
}
