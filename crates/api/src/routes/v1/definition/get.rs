//! `GET /api/v1/workflows/<w>/definition`: JSON, or YAML with `Accept: application/yaml`; `_revision=n` shows an
//! earlier one. The ETag is the revision.

use axum::http::header::{HeaderValue, VARY};
use axum::http::{Method, StatusCode};
use baton_core::definition;
use baton_engine::commands::definitions;

use crate::call::Call;
use crate::headers;
use crate::openapi::docs::{Docs, Done, Format, Parameter, Takes};
use crate::openapi::nouns::DEFINITIONS;
use crate::openapi::parameters::{ACCEPT, ETAG, VARIES, of_query};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/definition", policy: Policy::Inspect, handle, docs };

const REVISION: Parameter = of_query("_revision", Takes::Number { max: i64::MAX }, "An earlier one.", "1");

fn docs() -> Docs {
    Docs {
        id: "get_definition",
        noun: &DEFINITIONS,
        title: "Show the definition",
        text: "With the ids of its parts. YAML comes with `Accept: application/yaml`.",
        parameters: &[REVISION, ACCEPT],
        body: None,
        answers: vec![
            Done::json(200, "The definition; its ETag is the revision.", schemas::of("Definition"))
                .in_format(Format::JsonOrYaml)
                .with(&[ETAG, VARIES]),
        ],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_revision"])?;
        let revision = query.number("_revision", i64::MAX)?;
        let workflow = call.part("workflow");
        let stored = call.read(move |cx| definitions::get(cx, &workflow, revision)).await?;
        let response = if headers::wants_yaml(&call.head.headers) {
            let yaml = definition::to_yaml(&stored.definition).into_bytes();
            reply::bytes(StatusCode::OK, HeaderValue::from_static("application/yaml"), yaml)
        } else {
            reply::json(StatusCode::OK, &definition::to_json(&stored.definition))
        };
        let mut response = reply::with_etag(response, stored.revision);
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        Ok(response)
    })
}
