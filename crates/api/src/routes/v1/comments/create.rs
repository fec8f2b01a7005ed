//! `POST /api/v1/workflows/<w>/tasks/<unique-id>/comments`

use axum::http::{Method, StatusCode};
use baton_engine::commands::comments;

use super::shown;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::COMMENTS;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use serde_json::json;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks/{task}/comments", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "add_comment",
        noun: &COMMENTS,
        title: "Comment on a task",
        text: "The author is `API`.",
        parameters: &[],
        body: Some(Given::json(schemas::object(json!({ "body": schemas::filled() })), "What is said.")),
        answers: vec![Done::json(201, "The comment.", schemas::of("Comment"))],
        refuses: &[Refuses::Fields(&["is_invalid", "is_required", "is_too_long"])],
    }
}

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
