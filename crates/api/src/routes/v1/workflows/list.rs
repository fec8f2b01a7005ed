//! `GET /api/v1/workflows`: those that the key may use, in the order made; archived ones too with `_archived=true`.

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Parameter, Takes};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::parameters::of_query;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use serde_json::json;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows", policy: Policy::Read, handle, docs };

const ARCHIVED: Parameter = of_query("_archived", Takes::Flag, "Archived ones too.", "true");

fn docs() -> Docs {
    Docs {
        id: "list_workflows",
        noun: &WORKFLOWS,
        title: "List the workflows",
        text: "Those that the key may use, in the order made.",
        parameters: &[ARCHIVED],
        body: None,
        answers: vec![Done::json(
            200,
            "The workflows.",
            schemas::list_of(schemas::object(json!({ "id": schemas::id(), "name": schemas::text() }))),
        )],
        refuses: &[],
    }
}

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
