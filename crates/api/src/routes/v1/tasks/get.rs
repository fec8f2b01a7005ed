//! `GET /api/v1/workflows/<w>/tasks/<unique-id>`: one task; its version is the ETag.

use axum::http::{Method, StatusCode};
use baton_engine::commands::tasks;

use super::{shown, stream};
use crate::call::Call;
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::ETAG;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_task",
        noun: &TASKS,
        title: "Show a task",
        text: "Its version is the ETag.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The task.", schemas::of("Task")).with(&[ETAG])],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        // However it is percent-encoded, `active` is the list.
        if task == "active" {
            return stream::tasks(call, true).await;
        }
        call.expect_no_query()?;
        let found = call.read(move |cx| tasks::get(cx, &workflow, &task)).await?;
        let response = reply::json(StatusCode::OK, &shown(&found, call.engine().public_url()));
        Ok(reply::with_etag(response, found.task.version))
    })
}
