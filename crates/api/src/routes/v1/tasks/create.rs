//! `POST /api/v1/workflows/<w>/tasks`: a new task (201), or a change of the one that has the body's Unique ID (200).
//! An array is a batch of them.

use axum::http::{Method, StatusCode};
use baton_core::task::show::url;
use baton_engine::commands::tasks;

use super::{VALUES, batch, one_or_many, shown};
use crate::body::OneOrMany;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::{ETAG, IF_MATCH, LOCATION};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "save_task",
        noun: &TASKS,
        title: "Create a task, or change the one with that Unique ID",
        text: "An array of up to 1,000 is saved in its order, all or nothing.",
        parameters: &[IF_MATCH],
        body: Some(Given::json(one_or_many(schemas::of("TaskBody")), "A task, or many of them.")),
        answers: vec![
            Done::json(200, "It is changed; not all of the many are new.", one_or_many(schemas::of("Task"))).may_have(&[ETAG]),
            Done::json(201, "It is new; all of the many are.", one_or_many(schemas::of("Task"))).may_have(&[LOCATION, ETAG]),
        ],
        refuses: &[Refuses::Fields(VALUES), Refuses::Items(VALUES)],
    }
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let expected = call.expected()?;
        let body = match call.one_or_many().await? {
            OneOrMany::One(body) => body,
            OneOrMany::Many(bodies) => return batch::create_or_update(call, bodies).await,
        };
        let workflow = call.part("workflow");
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let (saved, new) = tasks::create_or_update(cx, &workflow, &body.keys, &expected)?;
            let status = if new { StatusCode::CREATED } else { StatusCode::OK };
            let answer = reply::versioned(reply::answer(status, &shown(&saved, cx.public_url())), saved.task.version);
            Ok(if new { reply::located(answer, url("/api/v1", &saved.task)) } else { answer })
        };
        call.post(&body.raw, command).await
    })
}
