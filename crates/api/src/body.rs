//! Reading a request's body: its type, its size, its shape.

use std::error::Error;
use std::fmt;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use baton_core::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::{Map, Value as Json};

use crate::headers::{YAML_TYPES, content_type};
use crate::json;
use crate::problem::Problem;
use crate::room::{Room, Taken};

const JSON_TYPE: &str = "application/json";
/// Such a body is read before it is known who sends it: nothing may be slower for it.
const SMALL_BYTES_MAX: usize = 64 * 1024;

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

/// Several objects in an array.
pub struct Objects {
    pub raw: Bytes,
    pub all: Vec<Map<String, Json>>,
}

pub enum OneOrMany {
    One(Object),
    Many(Objects),
}

/// A definition, in either format.
pub struct Document {
    pub raw: Bytes,
    pub json: Json,
}

/// A body that has not been read yet.
pub struct Incoming<'a> {
    pub headers: &'a HeaderMap,
    pub body: Body,
    pub bytes_max: usize,
    pub room: &'a Room,
    pub taken: &'a mut Taken,
}

/// What a body ends with whose sender took too long; whoever serves the connection keeps the time.
#[derive(Debug)]
pub struct BodyTooSlow {
    pub seconds: u64,
}

impl fmt::Display for BodyTooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Refusal::BodyTooSlow { seconds: self.seconds }.fmt(f)
    }
}

impl Error for BodyTooSlow {}

pub async fn object(incoming: Incoming<'_>) -> Result<Object, Problem> {
    expect_json(incoming.headers)?;
    object_in(incoming.bytes().await?)
}

pub async fn one_or_many(incoming: Incoming<'_>) -> Result<OneOrMany, Problem> {
    expect_json(incoming.headers)?;
    let raw = incoming.bytes().await?;
    let object = |json: Json| match json {
        Json::Object(keys) => Ok(keys),
        _ => Err(Refusal::BodyShape { must: "be a JSON object or an array of objects" }),
    };
    Ok(match parse_json(&raw)? {
        Json::Array(all) => OneOrMany::Many(Objects { raw, all: all.into_iter().map(object).collect::<Result<_, _>>()? }),
        one => OneOrMany::One(Object { raw, keys: object(one)? }),
    })
}

fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    match content_type(headers) {
        got if got == JSON_TYPE => Ok(()),
        got => Err(Refusal::WrongContentType { got, allowed: JSON_TYPE }.into()),
    }
}

fn object_in(raw: Bytes) -> Result<Object, Problem> {
    match parse_json(&raw)? {
        Json::Object(keys) => Ok(Object { raw, keys }),
        _ => Err(Refusal::BodyShape { must: "be a JSON object" }.into()),
    }
}

pub async fn document(incoming: Incoming<'_>) -> Result<Document, Problem> {
    let got = content_type(incoming.headers);
    let yaml = YAML_TYPES.contains(&got.as_str());
    if !yaml && got != JSON_TYPE {
        return Err(Refusal::WrongContentType { got, allowed: "application/json or application/yaml" }.into());
    }
    let raw = incoming.bytes().await?;
    let json = if yaml { parse_yaml(&raw)? } else { parse_json(&raw)? };
    Ok(Document { raw, json })
}

/// No body, or an object without keys: some clients send one with every POST.
pub async fn nothing(incoming: Incoming<'_>) -> Result<Bytes, Problem> {
    let headers = incoming.headers;
    let raw = incoming.bytes().await?;
    if raw.is_empty() {
        return Ok(raw);
    }
    expect_json(headers)?;
    let object = object_in(raw)?;
    object.expect_only(&[])?;
    Ok(object.raw)
}

/// For endpoints that take none.
pub async fn expect_empty(mut incoming: Incoming<'_>) -> Result<(), Problem> {
    while let Some(data) = incoming.piece().await? {
        if !data.is_empty() {
            incoming.discard().await;
            return Err(Refusal::BodyShape { must: "be empty where _revision is given" }.into());
        }
    }
    Ok(())
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

/// Whether the body is announced to be so small that a stranger may send it, too.
pub fn is_small(body: &Body) -> bool {
    body.size_hint().exact().is_some_and(|length| length <= SMALL_BYTES_MAX as u64)
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Incoming<'_> {
    async fn bytes(mut self) -> Result<Bytes, Problem> {
        if announced(self.headers).is_some_and(|length| length > self.bytes_max) {
            return Err(self.too_large().await);
        }
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        while let Some(data) = self.piece().await? {
            let length = first.len() + whole.len() + data.len();
            if length > self.bytes_max {
                return Err(self.too_large().await);
            }
            if length > SMALL_BYTES_MAX && !self.taken.grow(self.room, length) {
                self.discard().await;
                return Err(Problem::NoRoom);
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

    pub fn expect(&self, allowed: &'static str) -> Result<(), Refusal> {
        match content_type(self.headers) {
            got if got == allowed => Ok(()),
            got => Err(Refusal::WrongContentType { got, allowed }),
        }
    }

    /// Before any of it is read.
    pub fn check_size(&self) -> Result<(), Refusal> {
        match announced(self.headers) {
            Some(length) if length > self.bytes_max => Err(Refusal::TooLarge { bytes_max: self.bytes_max }),
            Some(_) | None => Ok(()),
        }
    }

    pub async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(broken)?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    async fn too_large(self) -> Problem {
        let bytes_max = self.bytes_max;
        self.discard().await;
        Refusal::TooLarge { bytes_max }.into()
    }

    /// Takes in what is not wanted, if it is not far more than is allowed: a client that is still sending when the
    /// connection closes never reads why.
    pub async fn discard(mut self) {
        // Who asks before sending has sent nothing yet.
        if self.headers.contains_key(EXPECT) {
            return;
        }
        let mut left = 2 * self.bytes_max;
        while let Ok(Some(data)) = self.piece().await {
            match left.checked_sub(data.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    }
}

fn broken(error: axum::Error) -> Refusal {
    // It comes in wrappings.
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(wrapping) = cause.filter(|cause| !cause.is::<BodyTooSlow>()) {
        cause = wrapping.source();
    }
    match cause.and_then(|cause| cause.downcast_ref()) {
        Some(BodyTooSlow { seconds }) => Refusal::BodyTooSlow { seconds: *seconds },
        None => Refusal::BodyBroken,
    }
}
