//! `POST /api/v1/workflows`: a new workflow from a definition, in JSON or YAML; with `_dry_run=true` only what would come of it.

use axum::http::{Method, StatusCode};
use baton_engine::commands::{definitions, plans};
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::parameters::{DRY_RUN, ETAG, LOCATION};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::planned::planned;
use crate::show::saved::Saved;

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "create_workflow",
        noun: &WORKFLOWS,
        title: "Make a workflow",
        text: "From a definition, in JSON or YAML. A document that says no more than `name` makes a workflow to start from. With `_dry_run=true` only \
               what would come of it is told; a read-only key may ask that.",
        parameters: &[DRY_RUN],
        body: Some(Given::definition(schemas::any_of(&[schemas::of("Definition"), to_start_from()]), "The definition.")),
        answers: vec![
            Done::json(200, "With `_dry_run=true`: what would come of it.", schemas::of("PlannedDefinition")).like(json!({
                "plan": { "added": [{ "kind": "stage", "name": "Open", "path": "stages[0]", "tasks": 0 }], "changed": [], "removed": [] },
                "findings": [],
                "errors": {},
            })),
            Done::json(201, "It is made.", schemas::of("SavedDefinition")).with(&[LOCATION, ETAG]),
        ],
        refuses: &[Refuses::Fields(&["definition", "is_taken"])],
    }
}

/// What has none of the lists gets those that a workflow begins with.
fn to_start_from() -> Json {
    let key = |name: &str| schemas::of(&format!("Definition/properties/{name}"));
    schemas::object(json!({ "name": key("name"), "icon?": key("icon"), "record?": key("record"), "stage_by_api?": key("stage_by_api") }))
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_dry_run"])?;
        let dry_run = query.flag("_dry_run")?;
        let document = call.document().await?;
        if dry_run {
            call.idempotency_key(&document.raw)?;
            return planned(&call.read_long(move |cx| plans::create(cx, &document.json)).await?);
        }
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let saved = definitions::create(cx, &document.json)?;
            let path = format!("/api/v1/workflows/{}/definition", saved.workflow);
            let answer = reply::answer(StatusCode::CREATED, &Saved::from(&saved));
            Ok(reply::versioned(reply::located(answer, path), saved.revision))
        };
        call.post(&document.raw, command).await
    })
}
