//! `POST /api/v1/workflows`: a new workflow from a definition, in JSON or YAML; with `_dry_run=true` only what would come of it.

use axum::http::{Method, StatusCode};
use baton_engine::commands::{definitions, plans};

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::planned::planned;
use crate::show::saved::Saved;

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows", policy: Policy::Administer, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_dry_run"])?;
        let dry_run = query.flag("_dry_run")?;
        let document = call.document().await?;
        if dry_run {
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
