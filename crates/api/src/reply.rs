//! Answers as they go over the wire.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use axum::http::{Response, StatusCode};
use baton_engine::{Answer, Replayed};
use serde::Serialize;

use crate::headers::IDEMPOTENCY_REPLAYED;

pub const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    bytes(status, JSON, to_bytes(body))
}

pub fn bytes(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A file, to be saved under a name that no system takes for anything else; its body is still to come.
pub fn csv(name: &str) -> Response<Body> {
    let plain = |symbol: char| if symbol.is_ascii_alphanumeric() { symbol } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let name = match name.trim_matches('-') {
        "" => "tasks",
        name => name,
    };
    let mut response = bytes(StatusCode::OK, CSV, Vec::new());
    let attachment = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\"")).expect("letters, digits and hyphens");
    response.headers_mut().insert(CONTENT_DISPOSITION, attachment);
    response
}

pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub fn with_etag(mut response: Response<Body>, version: i64) -> Response<Body> {
    response.headers_mut().insert(ETAG, HeaderValue::from_str(&etag(version)).expect("digits in quotes"));
    response
}

pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The answer of a POST: made in the transaction, so that it can be kept with the change.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        headers: vec![(CONTENT_TYPE.as_str().to_owned(), "application/json".to_owned())],
        body: to_bytes(body),
    }
}

pub fn located(mut answer: Answer, path: String) -> Answer {
    answer.headers.push((LOCATION.as_str().to_owned(), path));
    answer
}

pub fn versioned(mut answer: Answer, version: i64) -> Answer {
    answer.headers.push((ETAG.as_str().to_owned(), etag(version)));
    answer
}

pub fn from_answer((answer, Replayed(replayed)): (Answer, Replayed)) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("wire types are always JSON")
}
