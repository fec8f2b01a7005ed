//! `GET /readyz`: the store answers, and is migrated (it is not opened otherwise); and this node is not about to end.

use axum::http::Method;
use baton_engine::Failure;
use serde_json::json;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::SERVER;
use crate::openapi::parameters::RETRY_AFTER;
use crate::openapi::schemas;
use crate::problem;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/readyz", policy: Policy::Open, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_readiness",
        noun: &SERVER,
        title: "Can it work",
        text: "For load balancers: the store answers.",
        parameters: &[],
        body: None,
        answers: vec![
            Done::json(200, "It can.", schemas::object(json!({ "status": { "const": "ok" } }))).like(json!({ "status": "ok" })),
            Done::json(503, "The store can't be reached.", schemas::of("Errors"))
                .with(&[RETRY_AFTER])
                .like(json!({ "errors": ["The store can't be reached; nothing has happened, try again later"] })),
        ],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        match call.engine().ready().await.map_err(Failure::Store)? {
            true => ok(&json!({ "status": "ok" })),
            false => Ok(problem::stopping()),
        }
    })
}
