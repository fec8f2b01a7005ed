//! `POST /api/v1/workflows/<w>/archive` and `/unarchive`: again is no mistake.

use axum::http::{Method, StatusCode};
use baton_core::ids::Id;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::parameters::nothing;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use serde_json::{Value as Json, json};

pub const ARCHIVE: Route = Route {
    method: Method::POST,
    path: "/api/v1/workflows/{workflow}/archive",
    policy: Policy::Administer,
    handle: |call| set(call, true),
    docs: docs_of_archiving,
};
pub const UNARCHIVE: Route = Route {
    method: Method::POST,
    path: "/api/v1/workflows/{workflow}/unarchive",
    policy: Policy::Administer,
    handle: |call| set(call, false),
    docs: docs_of_unarchiving,
};

fn docs_of_archiving() -> Docs {
    Docs {
        id: "archive_workflow",
        noun: &WORKFLOWS,
        title: "Archive a workflow",
        text: "It can be read; every write is refused. What was accepted finishes, what runs by itself stops. Again is no mistake.",
        parameters: &[],
        body: Some(nothing()),
        answers: vec![Done::json(200, "As it is now.", shape())],
        refuses: &[],
    }
}

fn docs_of_unarchiving() -> Docs {
    Docs {
        id: "unarchive_workflow",
        noun: &WORKFLOWS,
        title: "End the archiving",
        text: "The workflow is as it was. Again is no mistake.",
        parameters: &[],
        body: Some(nothing()),
        answers: vec![Done::json(200, "As it is now.", shape())],
        refuses: &[],
    }
}

fn shape() -> Json {
    schemas::object(json!({ "id": schemas::id(), "name": schemas::text(), "archived": schemas::flag() }))
}

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
