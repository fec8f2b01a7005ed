//! `GET /api/v1/secrets`: by name.

use axum::http::Method;
use baton_engine::commands::secrets;

use super::{ShownSecret, shape};
use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::SECRETS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/secrets", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_secrets",
        noun: &SECRETS,
        title: "List the secrets",
        text: "By name, and never what they are.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The secrets.", schemas::list_of(shape()))],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let rows = call.read(secrets::list).await?;
        ok(&rows.iter().map(ShownSecret::from).collect::<Vec<_>>())
    })
}
