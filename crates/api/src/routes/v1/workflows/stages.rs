//! `GET /api/v1/workflows/<w>/stages`: in order.

use axum::http::Method;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use serde_json::json;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/stages", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_stages",
        noun: &WORKFLOWS,
        title: "List the stages",
        text: "In order; a new task starts in the first.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The stages.", schemas::list_of(schemas::object(json!({ "name": schemas::text() }))))],
        refuses: &[],
    }
}

#[derive(Serialize)]
struct Stage<'a> {
    name: &'a str,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let workflow = call.part("workflow");
        let found = call.read(move |cx| workflows::get(cx, &workflow)).await?;
        ok(&found.workflow.stages.iter().map(|stage| Stage { name: &stage.name }).collect::<Vec<_>>())
    })
}
