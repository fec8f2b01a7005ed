//! What the headers of a request say.

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use baton_core::refusal::Refusal;
use baton_engine::Credential;
use baton_engine::commands::tasks::Expected;

use crate::query::bad;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const REQUEST_ID_BYTES_MAX: usize = 128;
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// A body that a definition may come in, besides JSON.
pub const YAML_TYPES: [&str; 4] = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

pub fn credential(authorization: Option<&HeaderValue>) -> Credential {
    // What is not text is no key either: an empty text is malformed, unlike an absent one.
    Credential::Header(authorization.map(|header| header.to_str().unwrap_or_default().to_owned()))
}

pub fn authorization(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(AUTHORIZATION)
}

/// The caller's own id for the request, if it is fit for logs and history.
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    ((1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && is_visible_ascii(id)).then_some(id)
}

pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = header.to_str().unwrap_or_default();
    if (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) && is_visible_ascii(key) {
        return Ok(Some(key));
    }
    Err(bad("Idempotency-Key", &String::from_utf8_lossy(header.as_bytes()), "1 to 255 visible ASCII characters"))
}

fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A weak tag, and one that is not a version of ours, never matches; it is no mistake.
pub fn expected(headers: &HeaderMap) -> Result<Expected, Refusal> {
    let mut tags: Option<Vec<i64>> = None;
    for header in headers.get_all(IF_MATCH) {
        let text = header.to_str().unwrap_or_default();
        if text.trim() == "*" {
            return Ok(Expected::Existing);
        }
        let versions = tags.get_or_insert_default();
        for tag in text.split(',') {
            versions.extend(version(tag.trim()).map_err(|()| bad("If-Match", text, "* or a list of ETags such as \"3\""))?);
        }
    }
    Ok(tags.map_or(Expected::Anything, Expected::Versions))
}

fn version(tag: &str) -> Result<Option<i64>, ()> {
    let (weak, quoted) = tag.strip_prefix("W/").map_or((false, tag), |strong| (true, strong));
    let text = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('"')).ok_or(())?;
    Ok(text.parse().ok().filter(|_| !weak))
}

/// The media type without its parameters, in lower case; empty when there is none.
pub fn content_type(headers: &HeaderMap) -> String {
    let header = headers.get(CONTENT_TYPE).map(|header| String::from_utf8_lossy(header.as_bytes()));
    header.map(|text| media_type(&text)).unwrap_or_default()
}

/// Whether YAML is asked for; JSON, where both would do.
pub fn wants_yaml(headers: &HeaderMap) -> bool {
    let accepted = || {
        let headers = headers.get_all(ACCEPT).into_iter().filter_map(|header| header.to_str().ok());
        headers.flat_map(|header| header.split(',')).map(media_type)
    };
    accepted().any(|range| YAML_TYPES.contains(&range.as_str())) && !accepted().any(|range| range == "application/json")
}

fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect()
    }

    #[test]
    fn if_match_is_a_list_of_versions() {
        for (headers, expected_) in [
            (&[][..], Expected::Anything),
            (&["*"], Expected::Existing),
            (&["\"3\""], Expected::Versions(vec![3])),
            (&["\"3\", \"4\"", "\"5\""], Expected::Versions(vec![3, 4, 5])),
            (&["W/\"3\", \"4\""], Expected::Versions(vec![4])),
            (&["W/\"3\""], Expected::Versions(vec![])),
            (&["\"abc\""], Expected::Versions(vec![])),
        ] {
            assert_eq!(expected(&with(IF_MATCH, headers)), Ok(expected_), "{headers:?}");
        }
        for malformed in ["3", "\"3", "", "\"3\",", "\"3\" \"4\"", "é"] {
            assert!(expected(&with(IF_MATCH, &[malformed])).is_err(), "{malformed}");
        }
    }

    #[test]
    fn ids_and_keys_are_visible_ascii_of_limited_length() {
        for (value, fits) in [("a", true), ("a-b_c/1.2", true), ("", false), ("a b", false), ("é", false)] {
            assert_eq!(request_id(&with(X_REQUEST_ID, &[value])).is_some(), fits, "{value}");
            assert_eq!(idempotency_key(&with(IDEMPOTENCY_KEY, &[value])).is_ok(), fits, "{value}");
        }
        let long = |length: usize| "x".repeat(length);
        assert!(request_id(&with(X_REQUEST_ID, &[&long(128)])).is_some());
        assert!(request_id(&with(X_REQUEST_ID, &[&long(129)])).is_none());
        assert!(idempotency_key(&with(IDEMPOTENCY_KEY, &[&long(255)])).is_ok());
        assert!(idempotency_key(&with(IDEMPOTENCY_KEY, &[&long(256)])).is_err());
    }

    #[test]
    fn yaml_only_where_json_is_not_named() {
        for (accept, yaml) in [
            ("application/yaml", true),
            ("text/x-yaml;q=0.9, */*;q=0.1", true),
            ("Application/YAML", true),
            ("application/json, application/yaml", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(wants_yaml(&with(ACCEPT, &[accept])), yaml, "{accept}");
        }
    }
}
