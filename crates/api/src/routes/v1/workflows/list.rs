//! `GET /api/v1/workflows`: those that the key may use, in the order made; archived ones too with `_archived=true`.

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows", policy: Policy::Read, handle };

#[derive(Serialize)]
struct Workflow {
    id: Id,
    name: String,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_archived"])?;
        let archived = query.flag("_archived")?;
        let rows = call.read(move |cx| workflows::list(cx, archived)).await?;
        let shown: Vec<Workflow> = rows.into_iter().map(|row| Workflow { id: row.id, name: row.name }).collect();
        ok(&shown)
    })
}
