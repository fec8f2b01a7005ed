//! Speak HTTP: routes, wire shapes, problems.
//!
//! No rule lives here: an endpoint reads its request, runs one command of the engine, and shows what came of it.
//! Shapes, keys and their order are the contract (`docs/api.md`), apart from how the core names things.
//!
//! Map: `app` takes every request; `route` is the table of endpoints; `routes/v1/<noun>/<verb>.rs` is one each;
//! `call` is a request, `body`, `room`, `json`, `query` and `headers` read it; `show` and `reply` write the answer;
//! `streamed` sends one that is made piece by piece; `problem` gives each refusal its status, `rate` tells what is left of a
//! key's limit, and `requests` counts what was answered; `openapi` is the API as one document, made from what each endpoint says of itself,
//! `reference` the same as pages.
#![forbid(unsafe_code)]

mod app;
mod body;
mod call;
mod headers;
mod json;
mod openapi;
mod problem;
mod query;
mod rate;
mod reference;
mod reply;
mod requests;
mod room;
mod route;
mod routes;
mod show;
mod streamed;
mod uploads;

pub use app::{router, watch_router};
pub use body::BodyTooSlow;
pub use openapi::document as openapi_document;
pub use problem::{RefusalCodes, status_of};
pub use route::{Policy, ROUTES, Route};
pub use show::planned::to_json as plan_to_json;

#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// A larger body is refused.
    pub body_bytes_max: usize,
    /// The same of a file to import.
    pub import_bytes_max: usize,
    /// Makes a request's span part of the trace that its head names.
    pub join_trace: Option<fn(&tracing::Span, &axum::http::HeaderMap)>,
}

impl Default for ApiOptions {
    fn default() -> ApiOptions {
        ApiOptions {
            body_bytes_max: baton_core::limits::BODY_BYTES_MAX,
            import_bytes_max: baton_core::limits::IMPORT_BYTES_MAX,
            join_trace: None,
        }
    }
}
