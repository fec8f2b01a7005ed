//! `GET /healthz`: the process answers.

use axum::http::Method;
use serde_json::json;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::SERVER;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/healthz", policy: Policy::Open, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_health",
        noun: &SERVER,
        title: "Does the process answer",
        text: "For supervisors: the process is there. Nothing else is looked at.",
        parameters: &[],
        body: None,
        answers: vec![
            Done::json(200, "It answers.", schemas::object(json!({ "status": { "const": "ok" } }))).like(json!({ "status": "ok" })),
        ],
        refuses: &[],
    }
}

fn handle(_: Call) -> Handled {
    Box::pin(async { ok(&json!({ "status": "ok" })) })
}
