//! What goes out: method, URL, headers and body, each checked before anything is sent.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body_util::Full;

use crate::place::{BadUrl, Place};

/// Unless the step says otherwise.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
pub const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(600);
const HEADERS_MAX: usize = 100;

const USER_AGENT: &str = concat!("Baton/", env!("CARGO_PKG_VERSION"));
const ENCODINGS: &str = "gzip, deflate";

/// They say how the message is framed, who gets it and what becomes of the connection: two of a kind, and two servers in a row read
/// two different requests.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub struct Request {
    method: Method,
    place: Place,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
}

/// What is wrong with a request. Values of headers are not repeated: they may be secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error(transparent)]
    Url(#[from] BadUrl),
    #[error("{0:?} is not a method that can be called")]
    Method(String),
    #[error("{0:?} is not the name of a header")]
    HeaderName(String),
    #[error("the header {0} may not have line breaks or other control characters")]
    HeaderValue(HeaderName),
    #[error("the header {0} is set by Baton itself")]
    HeaderOurs(HeaderName),
    #[error("a request has at most {HEADERS_MAX} headers")]
    TooManyHeaders,
    #[error("a call may take at most {} s", CALL_TIMEOUT_MAX.as_secs())]
    Timeout,
}

impl Request {
    pub fn new(method: &str, url: &str, headers: &[(&str, &str)], body: Bytes, timeout: Duration) -> Result<Request, BadRequest> {
        let place = Place::parse(url)?;
        if timeout > CALL_TIMEOUT_MAX {
            return Err(BadRequest::Timeout);
        }
        let known = Method::from_bytes(method.as_bytes()).ok().filter(|method| method != Method::CONNECT);
        let method = known.ok_or_else(|| BadRequest::Method(method.to_owned()))?;
        Ok(Request { method, headers: checked(headers)?, place, body, timeout })
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn to_http(&self) -> http::Request<Full<Bytes>> {
        let mut request = self.to_http_of(Full::new(self.body.clone()));
        // Of these methods a server expects a body, and some refuse a request that does not say that it has none.
        if self.body.is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(&self.method) {
            request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        request
    }

    /// With another body instead of its own.
    pub(super) fn to_http_of<B>(&self, body: B) -> http::Request<B> {
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from(self.place.path_and_query().clone());
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.place.authority().clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.extend(self.headers.clone());
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        request
    }
}

fn checked(pairs: &[(&str, &str)]) -> Result<HeaderMap, BadRequest> {
    if pairs.len() > HEADERS_MAX {
        return Err(BadRequest::TooManyHeaders);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| BadRequest::HeaderName((*name).to_owned()))?;
        if OURS.contains(&name.as_str()) {
            return Err(BadRequest::HeaderOurs(name));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| BadRequest::HeaderValue(name.clone()))?;
        headers.append(name, value);
    }
    Ok(headers)
}
