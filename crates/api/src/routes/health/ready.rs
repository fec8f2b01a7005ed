//! `GET /readyz`: the store answers, and is migrated (it is not opened otherwise); and this node is not about to end.

use axum::http::Method;
use baton_engine::Failure;
use serde_json::json;

use crate::call::{Call, ok};
use crate::problem;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/readyz", policy: Policy::Open, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        match call.engine().ready().await.map_err(Failure::Store)? {
            true => ok(&json!({ "status": "ok" })),
            false => Ok(problem::stopping()),
        }
    })
}
