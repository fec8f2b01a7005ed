//! The plain load: asking for the same few things.

use std::time::Instant;

use super::{Samples, Script, Turn, Window};
use crate::Outcome;
use crate::http::{Answer, Method, Request};

/// GETs of the paths in turn, on every connection, as fast as they are answered; or POSTs, where there is a body.
pub struct Reads<'a> {
    pub host: &'a str,
    pub api_key: &'a str,
    pub paths: &'a [String],
    pub body: Option<&'a str>,
    pub window: Window,
    pub cursor: usize,
    pub sent: Vec<Instant>,
    pub answered: Samples,
}

impl<'a> Reads<'a> {
    pub fn new(host: &'a str, api_key: &'a str, paths: &'a [String], window: Window) -> Reads<'a> {
        Reads { host, api_key, paths, body: None, window, cursor: 0, sent: Vec::new(), answered: Samples::default() }
    }
}

impl Script for Reads<'_> {
    fn next(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        if now >= self.window.end {
            return Turn::Stop;
        }
        if self.sent.len() <= connection {
            self.sent.resize(connection + 1, now);
        }
        self.sent[connection] = now;
        let path = &self.paths[self.cursor];
        self.cursor = (self.cursor + 1) % self.paths.len();
        let (method, body) = self.body.map_or((Method::Get, ""), |body| (Method::Post, body));
        Request { method, path, api_key: self.api_key, idempotency_key: None, body }.write(self.host, out);
        Turn::Send
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>, now: Instant, out: &mut Vec<u8>) -> Outcome<Turn> {
        if answer.status != 200 {
            return Err(format!("answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
        }
        if self.window.counts(now) {
            self.answered.add(now - self.sent[connection]);
        }
        Ok(self.next(connection, now, out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{drive, stand_in::StandIn};
    use super::*;

    #[test]
    fn reads_go_round_their_paths() {
        let server = StandIn::start();
        let paths = ["/healthz".to_owned(), "/api/v1/workflows/w/executions/never".to_owned()];
        let window = Window::from_now(Duration::ZERO, Duration::from_millis(300));
        let mut script = Reads::new(&server.address, "key", &paths, window);
        drive(&server.address, 3, &mut script).expect("the stand-in answers");
        let seen = server.seen();
        assert!(script.answered.count() > 0 && script.answered.count() <= seen.read);
        assert!(seen.read.abs_diff(seen.healthy) <= seen.healthy + 1, "{} of {} were of one path", seen.healthy, seen.read);
    }
}
