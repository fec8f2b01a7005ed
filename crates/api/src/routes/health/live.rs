//! `GET /healthz`: the process answers.

use axum::http::Method;
use serde_json::json;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/healthz", policy: Policy::Open, handle };

fn handle(_: Call) -> Handled {
    Box::pin(async { ok(&json!({ "status": "ok" })) })
}
