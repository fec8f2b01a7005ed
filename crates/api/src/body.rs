//! Reading a request's body: its type, its size, its shape.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use baton_core::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::{Map, Value as Json};

use crate::headers::{YAML_TYPES, content_type};
use crate::json;

const JSON_TYPE: &str = "application/json";

/// A JSON object as it came; the raw bytes are what an `Idempotency-Key` stands for.
pub struct Object {
    pub raw: Bytes,
    pub keys: Map<String, Json>,
}

impl Object {
    /// Refuses keys that the endpoint does not know.
    pub fn expect_only(&self, names: &[&str]) -> Result<(), Refusal> {
        match self.keys.keys().find(|key| !names.contains(&key.as_str())) {
            Some(unknown) => Err(Refusal::NotAParameter { name: unknown.clone() }),
            None => Ok(()),
        }
    }
}

/// A definition, in either format.
pub struct Document {
    pub raw: Bytes,
    pub json: Json,
}

pub async fn object(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Object, Refusal> {
    let got = content_type(headers);
    if got != JSON_TYPE {
        return Err(Refusal::WrongContentType { got, allowed: JSON_TYPE });
    }
    let raw = bytes(headers, body, bytes_max).await?;
    match parse_json(&raw)? {
        Json::Object(keys) => Ok(Object { raw, keys }),
        _ => Err(Refusal::BodyShape { must: "be a JSON object" }),
    }
}

pub async fn document(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Document, Refusal> {
    let got = content_type(headers);
    let yaml = YAML_TYPES.contains(&got.as_str());
    if !yaml && got != JSON_TYPE {
        return Err(Refusal::WrongContentType { got, allowed: "application/json or application/yaml" });
    }
    let raw = bytes(headers, body, bytes_max).await?;
    let json = if yaml { parse_yaml(&raw)? } else { parse_json(&raw)? };
    Ok(Document { raw, json })
}

/// For endpoints that take none.
pub async fn expect_empty(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<(), Refusal> {
    match bytes(headers, body, bytes_max).await?.is_empty() {
        true => Ok(()),
        false => Err(Refusal::BodyShape { must: "be empty where _revision is given" }),
    }
}

fn parse_json(raw: &[u8]) -> Result<Json, Refusal> {
    json::parse(raw).map_err(|error| Refusal::BodyInvalid { format: "JSON", reason: error.to_string() })
}

fn parse_yaml(raw: &[u8]) -> Result<Json, Refusal> {
    let invalid = |reason: String| Refusal::BodyInvalid { format: "YAML", reason };
    let text = std::str::from_utf8(raw).map_err(|_| invalid("text must be UTF-8".to_owned()))?;
    baton_core::definition::parse_yaml(text)
        .map_err(|error| invalid(format!("{} at line {} column {}", error.message, error.line, error.column)))
}

async fn bytes(headers: &HeaderMap, mut body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::TooLarge { bytes_max };
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > bytes_max) {
        // Who asks before sending has sent nothing yet.
        if !headers.contains_key(EXPECT) {
            discard(body, bytes_max).await;
        }
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Refusal::BodyInvalid { format: "JSON", reason: "the connection broke before its end".to_owned() };
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > bytes_max {
            discard(body, bytes_max).await;
            return Err(too_large());
        }
        // Nearly always there is one frame, which then needs no copy.
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Takes in some of what is too large: a client that is still sending when the connection closes never reads why.
async fn discard(mut body: Body, bytes_max: usize) {
    let mut left = bytes_max;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(less) => left = less,
            None => return,
        }
    }
}
