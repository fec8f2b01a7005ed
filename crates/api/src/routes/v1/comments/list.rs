//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/comments`: oldest first.

use axum::http::Method;
use baton_engine::commands::comments;

use super::shown;
use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::COMMENTS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/comments", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_comments",
        noun: &COMMENTS,
        title: "List the comments on a task",
        text: "Oldest first.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The comments.", schemas::list_of(schemas::of("Comment")))],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let (found, comments) = call.read(move |cx| comments::list(cx, &workflow, &task)).await?;
        ok(&comments.iter().map(|comment| shown(comment, &found)).collect::<Vec<_>>())
    })
}
