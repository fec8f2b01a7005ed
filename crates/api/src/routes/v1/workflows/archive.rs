//! `POST /api/v1/workflows/<w>/archive` and `/unarchive`: again is no mistake.

use axum::http::{Method, StatusCode};
use baton_core::ids::Id;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ARCHIVE: Route = Route {
    method: Method::POST,
    path: "/api/v1/workflows/{workflow}/archive",
    policy: Policy::Administer,
    handle: |call| set(call, true),
};
pub const UNARCHIVE: Route = Route {
    method: Method::POST,
    path: "/api/v1/workflows/{workflow}/unarchive",
    policy: Policy::Administer,
    handle: |call| set(call, false),
};

#[derive(Serialize)]
struct Shown<'a> {
    id: Id,
    name: &'a str,
    archived: bool,
}

fn set(mut call: Call, archived: bool) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let raw = call.nothing().await?;
        let workflow = call.part("workflow");
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let found = workflows::set_archived(cx, &workflow, archived)?;
            let shown = Shown { id: found.workflow.id, name: &found.workflow.name, archived: found.archived };
            Ok(reply::answer(StatusCode::OK, &shown))
        };
        call.post(&raw, command).await
    })
}
