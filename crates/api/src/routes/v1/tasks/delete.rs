//! `DELETE /api/v1/workflows/<w>/tasks/<unique-id>`: permanent.

use axum::http::Method;
use baton_engine::commands::tasks;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::IF_MATCH;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::DELETE, path: "/api/v1/workflows/{workflow}/tasks/{task}", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "delete_task",
        noun: &TASKS,
        title: "Delete a task",
        text: "Permanent. The history keeps that it was, and by whom it was deleted, not what it held.",
        parameters: &[IF_MATCH],
        body: None,
        answers: vec![Done::empty(204, "It is gone.")],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task, expected) = (call.part("workflow"), call.part("task"), call.expected()?);
        call.write(move |cx| tasks::delete(cx, &workflow, &task, &expected)).await?;
        Ok(reply::no_content())
    })
}
