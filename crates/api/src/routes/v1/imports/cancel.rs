//! `POST /api/v1/workflows/<w>/imports/<id>/cancel`: ends it before its next chunk. What was imported before stays.

use axum::http::{Method, StatusCode};
use baton_engine::commands::imports;
use serde_json::json;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::IMPORTS;
use crate::openapi::parameters::nothing;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::import::ShownImport;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/imports/{import}/cancel", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "cancel_import",
        noun: &IMPORTS,
        title: "Cancel an import",
        text: "It ends before its next thousand rows. What was imported before stays.",
        parameters: &[],
        body: Some(nothing()),
        answers: vec![Done::json(200, "As it is now.", schemas::of("Import")).like(json!({
            "id": "1mp0rt", "status": "Pending", "dry_run": false, "rows": 120_000, "done": 37_000, "created": 37_000, "updated": 0, "failed": 0,
            "created_at": "2026-03-02T09:15:00.000Z", "finished_at": null,
        }))],
        refuses: &[Refuses::Plain(&["import_has_ended"])],
    }
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let raw = call.nothing().await?;
        let (workflow, import) = (call.part("workflow"), call.part("import"));
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let cancelled = imports::cancel(cx, &workflow, &import)?;
            Ok(reply::answer(StatusCode::OK, &ShownImport::from(&cancelled)))
        };
        call.post(&raw, command).await
    })
}
