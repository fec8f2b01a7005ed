//! `POST /api/v1/workflows/<w>/tasks`: a new task (201), or a change of the one that has the body's Unique ID (200).
//! An array is a batch of them.

use axum::http::{Method, StatusCode};
use baton_core::task::show::url;
use baton_engine::commands::tasks;

use super::{batch, shown};
use crate::body::OneOrMany;
use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Write, handle };

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
