//! `GET /api/v1/secrets`: by name.

use axum::http::Method;
use baton_engine::commands::secrets;

use super::ShownSecret;
use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/secrets", policy: Policy::Administer, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let rows = call.read(secrets::list).await?;
        ok(&rows.iter().map(ShownSecret::from).collect::<Vec<_>>())
    })
}
