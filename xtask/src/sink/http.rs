//! Answers as the path says:
//!
//! - `/task`: 200, and the field Heard is to be set to the call's key.
//! - `/slow?ms=5`: 200 after so long; `/hang`: when told to.
//! - `/flaky` and `/drop`: the first with a key gets 503 or no answer at all, the others 200.
//! - anything else: 200.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::json;

use super::{Call, State, lock};
use crate::clock;

pub(super) fn serve(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut output = stream;
    while let Some(call) = read(&mut input)? {
        lock(&state.received).calls.push(call.clone());
        let first = lock(&state.keys).insert(call.key.clone());
        let (status, body) = match call.path.split_once('?').unwrap_or((&call.path, "")) {
            ("/task", _) => (200, json!({"task": {"Heard": call.key}}).to_string()),
            ("/slow", query) => {
                let length = query.strip_prefix("ms=").and_then(|digits| digits.parse().ok()).unwrap_or(0);
                clock::pause(Duration::from_millis(length));
                (200, "{}".to_owned())
            }
            ("/hang", _) => {
                let released = lock(&state.released);
                drop(state.release.wait_while(released, |released| !*released).unwrap_or_else(PoisonError::into_inner));
                (200, "{}".to_owned())
            }
            ("/flaky", _) if first => (503, "{}".to_owned()),
            ("/drop", _) if first => return Ok(()),
            _ => (200, "{}".to_owned()),
        };
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        output.write_all(format!("{head}{body}").as_bytes())?;
    }
    Ok(())
}

/// `None`: the other side has gone.
fn read(input: &mut impl BufRead) -> std::io::Result<Option<Call>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let (mut key, mut length) = (None, 0);
    loop {
        let mut header = String::new();
        if input.read_line(&mut header)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(Some(Call { method, path, key, body: String::from_utf8_lossy(&body).into_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_one_after_the_other() {
        let bytes =
            b"POST /task?x=1 HTTP/1.1\r\nIdempotency-Key: exe_a_s1\r\ncontent-length: 2\r\n\r\n{}GET /ok HTTP/1.1\r\n\r\nPOST /cut HT";
        let mut input = &bytes[..];
        let call = |method: &str, path: &str, key: Option<&str>, body: &str| Call {
            method: method.into(),
            path: path.into(),
            key: key.map(str::to_owned),
            body: body.into(),
        };
        assert_eq!(read(&mut input).expect("it is text"), Some(call("POST", "/task?x=1", Some("exe_a_s1"), "{}")));
        assert_eq!(read(&mut input).expect("it is text"), Some(call("GET", "/ok", None, "")));
        assert_eq!(read(&mut input).expect("it is text"), None);
    }
}
