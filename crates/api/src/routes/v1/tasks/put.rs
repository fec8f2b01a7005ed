//! `PUT /api/v1/workflows/<w>/tasks/<unique-id>`: changes the keys given, and nothing else.

use axum::http::{Method, StatusCode};
use baton_engine::commands::tasks;

use super::shown;
use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/tasks/{task}", policy: Policy::Write, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let expected = call.expected()?;
        let body = call.object().await?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let saved = call.write(move |cx| tasks::update(cx, &workflow, Some(&task), &body.keys, &expected)).await?;
        let response = reply::json(StatusCode::OK, &shown(&saved, call.engine().public_url()));
        Ok(reply::with_etag(response, saved.task.version))
    })
}
