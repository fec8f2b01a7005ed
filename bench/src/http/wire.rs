//! Requests to bytes, bytes to answers.

use std::borrow::Cow;
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub api_key: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub body: &'a str,
}

impl Request<'_> {
    /// Appends the request; the connection stays open after it.
    pub fn write(&self, host: &str, out: &mut Vec<u8>) {
        let Request { path, api_key, body, .. } = self;
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let mut line = |text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("a vector takes everything");
        line(format_args!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {api_key}\r\n"));
        if let Some(key) = self.idempotency_key {
            line(format_args!("Idempotency-Key: {key}\r\n"));
        }
        match self.method {
            Method::Get => line(format_args!("\r\n")),
            Method::Post => line(format_args!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())),
        }
    }
}

/// An answer as it lies in the buffer that it was read into.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    head: &'a str,
    pub body: Cow<'a, [u8]>,
    /// Bytes of the buffer that this answer took.
    pub length: usize,
}

impl<'a> Answer<'a> {
    /// `None`: more bytes must come.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Answer<'a>>, String> {
        let Some(head_length) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..head_length]).map_err(|_| "an answer's head is not text".to_owned())?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).filter(|_| head.starts_with("HTTP/1.1 "));
        let status = status.ok_or_else(|| format!("an answer begins with {:?}", head.lines().next().unwrap_or_default()))?;
        let start = head_length + 4;

        let body = match (header(head, "transfer-encoding"), header(head, "content-length")) {
            (Some("chunked"), _) => chunks(&bytes[start..])?.map(|(body, length)| (Cow::Owned(body), length)),
            (None, Some(length)) => {
                let length: usize = length.parse().map_err(|_| format!("content-length is {length:?}"))?;
                bytes.get(start..start + length).map(|body| (Cow::Borrowed(body), length))
            }
            // 204 and 304 have no body and say no length.
            (None, None) if matches!(status, 204 | 304) => Some((Cow::Borrowed(&[][..]), 0)),
            (encoding, length) => return Err(format!("transfer-encoding is {encoding:?} and content-length {length:?}")),
        };
        Ok(body.map(|(body, length)| Answer { status, head, body, length: start + length }))
    }

    pub fn header(&self, name: &str) -> Option<&'a str> {
        header(self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").skip(1);
    lines.filter_map(|line| line.split_once(':')).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The body and how many bytes its chunks took, once the last one is there.
fn chunks(mut bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let whole = bytes.len();
    let mut body = Vec::new();
    loop {
        let Some(end) = find(bytes, b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[..end]).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or("a chunk has no size")?;
        let Some(rest) = bytes.get(end + 2 + size + 2..) else { return Ok(None) };
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = rest;
        if size == 0 {
            return Ok(Some((body, whole - bytes.len())));
        }
    }
}

/// The text after `key` (which ends with its opening quote) up to the next quote. For answers of our own server whose
/// values hold no escapes; parsing JSON would cost the server the processor time that it is measured on.
pub fn find_text<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let start = find(body, key.as_bytes())? + key.len();
    let length = body[start..].iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&body[start..start + length]).ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(u16, String, usize)> {
        let answer = Answer::parse(text.as_bytes()).expect("it is well-formed")?;
        Some((answer.status, String::from_utf8(answer.body.into_owned()).expect("it is text"), answer.length))
    }

    #[test]
    fn a_request_is_written_to_the_byte() {
        let mut out = Vec::new();
        let request = Request { method: Method::Post, path: "/a", api_key: "k", idempotency_key: Some("i"), body: "{}" };
        request.write("h:1", &mut out);
        Request { method: Method::Get, path: "/b", api_key: "k", idempotency_key: None, body: "" }.write("h:1", &mut out);
        let expected = "POST /a HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer k\r\nIdempotency-Key: i\r\n\
                        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\
                        GET /b HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer k\r\n\r\n";
        assert_eq!(String::from_utf8(out).expect("it is text"), expected);
    }

    #[test]
    fn answers_come_whole_or_not_at_all() {
        let answers = [
            ("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", 202, "{}"),
            ("HTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n\r\n", 204, ""),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, "abc0123456789"),
        ];
        for (text, status, body) in answers {
            assert_eq!(parsed(text), Some((status, body.to_owned(), text.len())), "{text}");
            assert_eq!(parsed(&format!("{text}HTTP/1.1 ")), Some((status, body.to_owned(), text.len())), "{text} and more");
            for end in 0..text.len() {
                assert_eq!(parsed(&text[..end]), None, "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in ["SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"] {
            assert!(Answer::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn headers_are_found_without_case() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nIDEMPOTENCY-Replayed:  true\r\n\r\n";
        let answer = Answer::parse(bytes).expect("it is well-formed").expect("it is whole");
        assert_eq!(answer.header("Idempotency-Replayed"), Some("true"));
        assert_eq!(answer.header("Retry-After"), None);
    }

    #[test]
    fn texts_are_found_by_their_key() {
        let body = br#"{"id":"091has","status":"Pending"}"#;
        assert_eq!(find_text(body, r#""status":""#), Some("Pending"));
        assert_eq!(find_text(body, r#""errors":""#), None);
    }
}
