//! `PUT /api/v1/workflows/<w>/tasks`: changes the task that the body's Unique ID names. An array is a batch of them.

use axum::http::{Method, StatusCode};
use baton_engine::commands::tasks;

use super::{VALUES, batch, one_or_many, shown};
use crate::body::OneOrMany;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::{ETAG, IF_MATCH};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "update_task_by_body",
        noun: &TASKS,
        title: "Change the task with that Unique ID",
        text: "It is named by the body. An array of up to 1,000 is changed in its order, all or nothing.",
        parameters: &[IF_MATCH],
        body: Some(Given::json(one_or_many(schemas::of("TaskBody")), "What changes, with the Unique ID; or many of them.")),
        answers: vec![Done::json(200, "As it is now.", one_or_many(schemas::of("Task"))).may_have(&[ETAG])],
        refuses: &[Refuses::Fields(VALUES), Refuses::Items(VALUES), Refuses::Items(&["not_found"])],
    }
}

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
