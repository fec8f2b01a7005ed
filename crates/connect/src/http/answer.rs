//! What comes back.

use std::io::Read;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{self, HeaderMap, HeaderName};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::limit::Limit;
use super::{CallError, Failure};
use crate::place::Place;

/// Of a failed answer's first line.
const FIRST_LINE_CHARS_MAX: usize = 200;

pub struct Answer {
    host: String,
    pub status: u16,
    pub content_type: Option<String>,
    retry_after: Option<String>,
    /// Decompressed.
    pub body: Bytes,
}

impl Answer {
    /// Of a failed status, the body only explains it: whatever happens while it is read, the status stands.
    pub(super) async fn read(
        place: &Place,
        response: http::Response<Incoming>,
        limit: &Limit,
        bytes_max: usize,
    ) -> Result<Answer, Failure> {
        let (head, incoming) = response.into_parts();
        let mut raw = Vec::new();
        let mut body = Vec::new();
        let received = limit.hold(true, receive(incoming, &mut raw, bytes_max)).await;
        let decoded = decode(&head.headers, raw, &mut body, bytes_max);
        if head.status.is_success() {
            received.and(decoded)?;
        }
        Ok(Answer { body: body.into(), ..Answer::without_body(place, &head) })
    }

    /// One whose body is elsewhere.
    pub(super) fn without_body(place: &Place, head: &http::response::Parts) -> Answer {
        let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Answer {
            host: place.host().to_string(),
            status: head.status.as_u16(),
            content_type: text(header::CONTENT_TYPE),
            retry_after: text(header::RETRY_AFTER),
            body: Bytes::new(),
        }
    }

    /// How this answer fails the call: everything but 2xx does, redirects too.
    pub fn failure(&self) -> Option<CallError> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let failure = Failure::Answered { status: self.status, first_line: first_line(&self.body) };
        Some(CallError { host: self.host.clone(), failure })
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        match text.parse::<u32>() {
            Ok(seconds) => Some(Duration::from_secs(seconds.into())),
            Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
        }
    }
}

/// Fills `raw` with what comes, so that what has come is there when the rest does not.
async fn receive(mut incoming: Incoming, raw: &mut Vec<u8>, bytes_max: usize) -> Result<(), Failure> {
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = bytes_max - raw.len();
        raw.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Err(Failure::TooLong { bytes_max });
        }
    }
    Ok(())
}

/// Fills `body` likewise. No more is unpacked than an answer may have, however much the rest would become.
fn decode(headers: &HeaderMap, raw: Vec<u8>, body: &mut Vec<u8>, bytes_max: usize) -> Result<(), Failure> {
    let encodings: Vec<String> = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .filter(|encoding| !["", "identity"].contains(&encoding.as_str()))
        .collect();
    match encodings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        _ if raw.is_empty() => Ok(()),
        [] => {
            *body = raw;
            Ok(())
        }
        ["gzip" | "x-gzip"] => unpack(MultiGzDecoder::new(&raw[..]), body, bytes_max),
        ["deflate"] if is_zlib(&raw) => unpack(ZlibDecoder::new(&raw[..]), body, bytes_max),
        // Some servers leave the wrapping out.
        ["deflate"] => unpack(DeflateDecoder::new(&raw[..]), body, bytes_max),
        _ => Err(Failure::Unreadable(format!("its encoding is {}, asked for was gzip or deflate", encodings.join(", ")))),
    }
}

fn unpack(packed: impl Read, body: &mut Vec<u8>, bytes_max: usize) -> Result<(), Failure> {
    let most = bytes_max as u64;
    packed.take(most + 1).read_to_end(body).map_err(|error| Failure::Unreadable(error.to_string()))?;
    if body.len() > bytes_max {
        body.truncate(bytes_max);
        return Err(Failure::TooLong { bytes_max });
    }
    Ok(())
}

/// RFC 1950: the method in the lower half of the first byte, and a check over the first two.
fn is_zlib(raw: &[u8]) -> bool {
    matches!(raw, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// The first line that says something, as a message can carry it.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(FIRST_LINE_CHARS_MAX).collect()
}
