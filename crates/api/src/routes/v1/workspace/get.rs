//! `GET /api/v1/workspace`

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::workspaces;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workspace", policy: Policy::Read, handle };

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
