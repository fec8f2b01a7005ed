//! `GET /api/v1/workflows/<w>/revisions`: newest first.

use axum::http::Method;
use baton_core::time::Timestamp;
use baton_engine::commands::definitions;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::DEFINITIONS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::actor::{ShownActor, shown_actor};
use crate::show::as_text;
use serde_json::{Value as Json, json};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/revisions", policy: Policy::Inspect, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_revisions",
        noun: &DEFINITIONS,
        title: "List the revisions",
        text: "Newest first.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The revisions.", schemas::list_of(shape()))],
        refuses: &[],
    }
}

fn shape() -> Json {
    schemas::object(json!({ "revision": { "type": "integer", "minimum": 1 }, "at": schemas::timestamp(), "actor": schemas::of("Actor") }))
}

#[derive(Serialize)]
struct Revision {
    revision: i64,
    #[serde(serialize_with = "as_text")]
    at: Timestamp,
    actor: ShownActor,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let workflow = call.part("workflow");
        let revisions = call.read(move |cx| definitions::revisions(cx, &workflow)).await?;
        let shown = revisions.rows.iter().map(|row| Revision {
            revision: row.revision,
            at: row.created_at,
            actor: shown_actor(row.created_by, &revisions.found.workspace, &revisions.key_names),
        });
        ok(&shown.collect::<Vec<_>>())
    })
}
