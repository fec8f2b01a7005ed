//! `POST /api/v1/workflows/<w>/tasks/<unique-id>/comments`

use axum::http::{Method, StatusCode};
use baton_engine::commands::comments;

use super::shown;
use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks/{task}/comments", policy: Policy::Write, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        body.expect_only(&["body"])?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let (found, comment) = comments::add(cx, &workflow, &task, body.keys.get("body"))?;
            Ok(reply::answer(StatusCode::CREATED, &shown(&comment, &found)))
        };
        call.post(&body.raw, command).await
    })
}
