//! `PUT /api/v1/workflows/<w>/tasks`: changes the task that the body's Unique ID names. An array is a batch of them.

use axum::http::{Method, StatusCode};
use baton_engine::commands::tasks;

use super::{batch, shown};
use crate::body::OneOrMany;
use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Write, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let expected = call.expected()?;
        let body = match call.one_or_many().await? {
            OneOrMany::One(body) => body,
            OneOrMany::Many(bodies) => return batch::update(call, bodies).await,
        };
        let workflow = call.part("workflow");
        let saved = call.write(move |cx| tasks::update(cx, &workflow, None, &body.keys, &expected)).await?;
        let response = reply::json(StatusCode::OK, &shown(&saved, call.engine().public_url()));
        Ok(reply::with_etag(response, saved.task.version))
    })
}
