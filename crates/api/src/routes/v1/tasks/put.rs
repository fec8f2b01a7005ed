//! `PUT /api/v1/workflows/<w>/tasks/<unique-id>`: changes the keys given, and nothing else.

use axum::http::{Method, StatusCode};
use baton_engine::commands::tasks;

use super::{VALUES, shown};
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::{ETAG, IF_MATCH};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/tasks/{task}", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "update_task",
        noun: &TASKS,
        title: "Change a task",
        text: "Only the keys given change. All that is wrong is told at once, and nothing is changed then.",
        parameters: &[IF_MATCH],
        body: Some(Given::json(schemas::of("TaskBody"), "What changes.")),
        answers: vec![Done::json(200, "As it is now.", schemas::of("Task")).with(&[ETAG])],
        refuses: &[Refuses::Fields(VALUES)],
    }
}

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
