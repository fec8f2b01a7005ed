//! One call: what goes out, what comes back, and what is told when it does not.

mod answers;
mod failures;
mod requests;
mod streams;
mod tls;

use std::time::Duration;

use baton_connect::http::{Answer, CallError, Client, Request};
use bytes::Bytes;

use super::servers::client;

const TIMEOUT: Duration = Duration::from_secs(30);

fn request(url: &str) -> Request {
    Request::new("POST", url, &[("content-type", "application/json")], Bytes::from_static(b"{}"), TIMEOUT).expect("it is well-formed")
}

async fn post(url: &str) -> Result<Answer, CallError> {
    client().call(&request(url)).await
}

async fn failure(client: &Client, url: &str) -> CallError {
    client.call(&request(url)).await.map(|answer| answer.status).expect_err("the call fails")
}

/// Of an answer with this status line and these headers: its body's length is said for it.
fn response(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}
