//! `GET /api/openapi.json`: the API as one document. It says nothing that is secret, and whoever looks for it may have no key yet.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde_json::json;

use crate::call::Call;
use crate::openapi;
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::SERVER;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/openapi.json", policy: Policy::Open, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_openapi",
        noun: &SERVER,
        title: "This API as one document",
        text: "OpenAPI 3.1: every endpoint, parameter, body, answer and error.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The document.", json!({ "type": "object", "required": ["openapi", "paths"] }))],
        refuses: &[],
    }
}

fn handle(_: Call) -> Handled {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(openapi::document()).expect("a document has text keys only").into());
    Box::pin(async {
        let mut response = reply::bytes(StatusCode::OK, reply::JSON, Vec::new());
        *response.body_mut() = Body::from(TEXT.clone());
        Ok(response)
    })
}
