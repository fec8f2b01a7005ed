//! `POST /api/v1/workflows/<w>/imports/<id>/cancel`: ends it before its next chunk. What was imported before stays.

use axum::http::{Method, StatusCode};
use baton_engine::commands::imports;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::import::ShownImport;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/imports/{import}/cancel", policy: Policy::Write, handle };

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
