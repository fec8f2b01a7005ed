//! `GET /api/v1/workspace`

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::workspaces;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::WORKSPACE;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use serde_json::json;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workspace", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_workspace",
        noun: &WORKSPACE,
        title: "Show the workspace",
        text: "The workspace that the key belongs to. A good first call: it says whether the key works.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The workspace.", schemas::object(json!({ "id": schemas::id(), "name": schemas::text() })))],
        refuses: &[],
    }
}

#[derive(Serialize)]
struct Workspace {
    id: Id,
    name: String,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let found = call.read(workspaces::get).await?;
        ok(&Workspace { id: found.id, name: found.name })
    })
}
