//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/comments`: oldest first.

use axum::http::Method;
use baton_engine::commands::comments;

use super::shown;
use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/comments", policy: Policy::Read, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let (found, comments) = call.read(move |cx| comments::list(cx, &workflow, &task)).await?;
        ok(&comments.iter().map(|comment| shown(comment, &found)).collect::<Vec<_>>())
    })
}
