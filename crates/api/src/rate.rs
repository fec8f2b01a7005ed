//! What each answer tells of its key's limit, in the words of draft-ietf-httpapi-ratelimit-headers-10.

use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use baton_engine::Rate;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

pub fn tell(rate: &Rate, headers: &mut HeaderMap) {
    let left = match rate.more_in_seconds() {
        Some(seconds) => format!("\"key\";r={};t={seconds}", rate.left),
        None => format!("\"key\";r={}", rate.left),
    };
    let policy = format!("\"key\";q={};w=60", rate.per_minute);
    for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        headers.insert(name, HeaderValue::try_from(value).expect("names and numbers are ASCII"));
    }
}
