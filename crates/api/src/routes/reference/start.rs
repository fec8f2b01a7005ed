//! `GET /api/docs`: where the reference begins.

use axum::http::Method;

use super::page;
use crate::openapi::docs::{Docs, Done, Format};
use crate::openapi::nouns::SERVER;
use crate::openapi::schemas;
use crate::route::{Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/docs", policy: Policy::Open, handle: |call| Box::pin(page::shown(call, String::new())), docs };

fn docs() -> Docs {
    Docs {
        id: "read_reference",
        noun: &SERVER,
        title: "The reference",
        text: "For people: how to begin, and every endpoint.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "A page.", schemas::text()).in_format(Format::Texts(&["text/html"])).with(page::GUARDS)],
        refuses: &[],
    }
}
