//! `GET /api/docs/<page>`: a page of the reference, or what pages need. Nothing comes from elsewhere, and the browser is told to hold them to that.

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Method, Response, StatusCode};

use baton_engine::Failure;

use crate::call::{Call, no_page};
use crate::openapi::docs::{Docs, Done, Format, Header};
use crate::openapi::nouns::SERVER;
use crate::openapi::schemas;
use crate::problem::Problem;
use crate::reference;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/docs/{page}", policy: Policy::Open, handle, docs };

const POLICY: &str =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub const GUARDS: &[Header] = &[
    Header { name: "Content-Security-Policy", text: "What a browser may load: only what this server has.", example: POLICY },
    Header { name: "Referrer-Policy", text: "Nobody is told where a reader comes from.", example: "no-referrer" },
    Header { name: "X-Content-Type-Options", text: "It is what its type says.", example: "nosniff" },
];

fn docs() -> Docs {
    Docs {
        id: "read_page",
        noun: &SERVER,
        title: "A page of the reference",
        text: "For people; also the style and the script of the pages.",
        parameters: &[],
        body: None,
        answers: vec![
            Done::json(200, "The page.", schemas::text())
                .in_format(Format::Texts(&["text/html", "text/css", "text/javascript"]))
                .with(GUARDS),
        ],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    let page = call.part("page");
    Box::pin(shown(call, page))
}

pub async fn shown(call: Call, page: String) -> Result<Response<Body>, Problem> {
    let pages = call.app.reference.get_or_init(|| reference::pages(call.engine().public_url()));
    // Whoever reads may have no key.
    let page = pages.get(page.as_str()).ok_or_else(|| Failure::Refused(no_page().into()))?;
    let mut response = reply::bytes(StatusCode::OK, HeaderValue::from_static(page.content_type), Vec::new());
    *response.body_mut() = Body::from(page.body.clone());
    let guards = [(CONTENT_SECURITY_POLICY, POLICY), (REFERRER_POLICY, "no-referrer"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    response.headers_mut().extend(guards.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}
