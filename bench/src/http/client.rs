//! A blocking client on one kept-open connection, for setting up and for checking.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::wire::{Answer, Method, Request};
use crate::Outcome;

/// Longer than any answer may take; only a server that hangs meets it.
const ANSWER_LONGEST: Duration = Duration::from_secs(60);

pub struct Client {
    address: String,
    api_key: String,
    connection: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// No answer came: the request may have been carried out or not.
#[derive(Debug)]
pub struct Lost(pub String);

impl std::fmt::Display for Lost {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "no answer: {}", self.0)
    }
}

impl std::error::Error for Lost {}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub replayed: bool,
    /// How many match, where that was asked.
    pub total: Option<u64>,
    /// The path of the next page.
    pub next: Option<String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body).map_err(|error| format!("{} is not JSON: {error}", self.text()).into())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON of an answer that had to be `status`.
    pub fn expect(&self, status: u16) -> Outcome<Value> {
        if self.status == status { self.json() } else { Err(format!("answered {}: {}", self.status, self.text()).into()) }
    }
}

impl Client {
    pub fn new(address: &str, api_key: &str) -> Client {
        Client { address: address.to_owned(), api_key: api_key.to_owned(), connection: None, buffer: Vec::new() }
    }

    pub fn get(&mut self, path: &str) -> Result<Reply, Lost> {
        self.send(Method::Get, path, None, "")
    }

    pub fn post(&mut self, path: &str, body: &str) -> Result<Reply, Lost> {
        self.send(Method::Post, path, None, body)
    }

    pub fn post_once(&mut self, path: &str, idempotency_key: &str, body: &str) -> Result<Reply, Lost> {
        self.send(Method::Post, path, Some(idempotency_key), body)
    }

    /// POSTs a file as it lies on the disk; its answer may take as long as its work.
    pub fn upload(&mut self, path: &str, content_type: &str, file: &mut File) -> Outcome<Reply> {
        let length = file.metadata()?.len();
        let mut connection = connect(&self.address)?;
        let Client { address, api_key, .. } = self;
        write!(connection, "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {api_key}\r\n")?;
        write!(connection, "Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n")?;
        io::copy(file, &mut connection)?;
        self.answer(&mut connection)
    }

    fn send(&mut self, method: Method, path: &str, idempotency_key: Option<&str>, body: &str) -> Result<Reply, Lost> {
        let mut out = Vec::new();
        Request { method, path, api_key: &self.api_key, idempotency_key, body }.write(&self.address, &mut out);
        self.exchange(&out).map_err(|error| Lost(format!("{path}: {error}")))
    }

    fn exchange(&mut self, out: &[u8]) -> Outcome<Reply> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.address)?,
        };
        connection.write_all(out)?;
        let reply = self.answer(&mut connection)?;
        self.connection = Some(connection);
        Ok(reply)
    }

    fn answer(&mut self, connection: &mut TcpStream) -> Outcome<Reply> {
        self.buffer.clear();
        let mut piece = [0; 16 * 1024];
        loop {
            if let Some(answer) = Answer::parse(&self.buffer)? {
                if answer.length != self.buffer.len() {
                    return Err("more was answered than was asked for".into());
                }
                let replayed = answer.header("Idempotency-Replayed") == Some("true");
                let total = answer.header("X-Total-Count").and_then(|count| count.parse().ok());
                let next = answer.header("Link").and_then(next_path).map(str::to_owned);
                return Ok(Reply { status: answer.status, replayed, total, next, body: answer.body.into_owned() });
            }
            match connection.read(&mut piece) {
                Ok(0) => return Err("the connection was closed".into()),
                Ok(length) => self.buffer.extend_from_slice(&piece[..length]),
                // A signal; with a time-out the system does not go on by itself.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// `<https://host/path?query>; rel="next"` is `/path?query`.
fn next_path(link: &str) -> Option<&str> {
    let (address, _) = link.split(", ").find(|part| part.ends_with(r#"rel="next""#))?.strip_prefix('<')?.split_once('>')?;
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    path.find('/').map(|start| &path[start..])
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(ANSWER_LONGEST))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        for (link, path) in [
            (r#"<http://h:1/a?_cursor=b>; rel="next""#, Some("/a?_cursor=b")),
            (r#"</z>; rel="prev", </a>; rel="next""#, Some("/a")),
            (r#"</z>; rel="prev""#, None),
        ] {
            assert_eq!(next_path(link), path, "{link}");
        }
    }
}
