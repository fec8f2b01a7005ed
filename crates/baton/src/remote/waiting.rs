//! Waiting for what goes on by itself on the server. Nothing is lost meanwhile, so one that restarts, or has been asked too often, is asked
//! again.

use std::time::Duration;

use baton_connect::http::Failure;
use tokio::time::Instant;

use super::{AGAIN_AFTER, Answer, Call, Named, Remote, now};
use crate::trouble::Trouble;

/// A server that is replaced by another, with what that has to migrate, is back by then.
pub const AWAY_MAX: Duration = Duration::from_secs(120);
/// Unless an answer says when.
pub(super) const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Too many requests, and what a server or a proxy before it says while it is away.
pub(super) const COMES_BACK: [u16; 4] = [429, 502, 503, 504];
/// Who looks last has hardly any time left, and would see nothing over a slow line.
const LOOK_AT_LEAST: Duration = Duration::from_secs(5);
/// The server gives 60 at most, and some time is for the way.
const WAIT_SECONDS_MAX: u64 = 30;

impl Remote {
    /// As `look` does, again and again while the server is away or busy, but for no longer than `patience`.
    pub async fn look_patiently(&self, call: &Call, patience: Duration) -> Result<Answer, Trouble> {
        let deadline = Instant::now() + patience;
        loop {
            let request = call.request_within(whole_seconds_until(deadline).max(LOOK_AT_LEAST), &self.url, &self.key)?;
            let (trouble, after) = match self.client.call(&request).await {
                Ok(answer) => {
                    let (comes_back, after) = (COMES_BACK.contains(&answer.status), answer.retry_after(now()));
                    match Answer::read(answer, now(), call, &self.url) {
                        Ok(answer) if answer.is_yes() => return Ok(answer),
                        no if comes_back => (no.map_or_else(|trouble| trouble, |answer| answer.refusal()), after),
                        no => return Err(no?.refusal()),
                    }
                }
                Err(error) => {
                    let trouble = Trouble::refused(self.unanswered(call, &error.failure, true));
                    match error.failure {
                        Failure::NoConnection { .. } | Failure::BrokenOff { .. } | Failure::TimedOut { .. } => (trouble, None),
                        _ => return Err(trouble),
                    }
                }
            };
            let after = after.unwrap_or_default().max(LOOK_AGAIN_AFTER);
            if Instant::now() + after > deadline {
                return Err(trouble);
            }
            tokio::time::sleep(after).await;
        }
    }

    /// The execution when it has ended, or as it is by then. It is looked at once however late it is.
    pub async fn ended(&self, workflow: &Named, execution: &str, deadline: Instant) -> Result<Answer, Trouble> {
        loop {
            let left = whole_seconds_until(deadline);
            let wait = left.as_secs().saturating_sub(1).min(WAIT_SECONDS_MAX);
            let look = Call::get(&["workflows", &workflow.id, "executions", execution]);
            let call = if wait == 0 { look } else { look.query("_wait", &wait.to_string()) };
            let asked = Instant::now();
            let answer = self.look_patiently(&call, left.min(AWAY_MAX)).await?;
            if answer.json["status"] != "Pending" || Instant::now() >= deadline {
                return Ok(answer);
            }
            // A server that stops answers at once, and so does one that is not asked to wait.
            if wait == 0 || asked.elapsed() < Duration::from_secs(wait) {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

/// As a sentence says them.
fn whole_seconds_until(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    Duration::from_secs(left.as_secs() + u64::from(left.subsec_millis() > 0))
}

#[cfg(test)]
pub(super) mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::{TIMEOUT, client};
    use super::*;

    pub(in super::super) fn remote(port: u16) -> Remote {
        Remote { client: client().expect("no certificate is read"), url: format!("http://127.0.0.1:{port}"), key: "k".to_owned() }
    }

    pub(in super::super) async fn bound(port: u16) -> (TcpListener, u16) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let port = listener.local_addr().expect("it is bound").port();
        (listener, port)
    }

    /// The whole request of one who asks, and the connection.
    pub(in super::super) async fn asked(listener: &TcpListener) -> (TcpStream, String) {
        let (mut stream, _) = listener.accept().await.expect("somebody asks");
        let mut request = Vec::new();
        while !is_whole(&request) {
            request.push(stream.read_u8().await.expect("more of the request"));
        }
        (stream, String::from_utf8(request).expect("UTF-8"))
    }

    fn is_whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.to_ascii_lowercase().split_once("content-length: ").map(|(_, rest)| rest.lines().next().unwrap_or("").to_owned());
        body.len() >= length.map_or(0, |length| length.parse().expect("a number"))
    }

    /// Answers the next who asks, and tells what that one has sent.
    pub(in super::super) async fn say(listener: &TcpListener, head: &str, body: &str) -> String {
        let answer = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let (mut stream, request) = asked(listener).await;
        stream.write_all(answer.as_bytes()).await.expect("it is read");
        request
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_restarts_is_waited_for() {
        // Nobody is there at first.
        let (listener, port) = bound(0).await;
        drop(listener);
        let restarts = async {
            tokio::time::advance(AWAY_MAX / 2).await;
            tokio::time::resume();
            let (listener, _) = bound(port).await;
            say(&listener, "503 Service Unavailable\r\nRetry-After: 1", r#"{"errors":["This node is stopping"]}"#).await;
            drop(asked(&listener).await);
            say(&listener, "502 Bad Gateway", "<html>").await;
            say(&listener, "200 OK", r#"{"status":"Pending"}"#).await;
        };
        let (remote, call) = (remote(port), Call::get(&["x"]));
        let (seen, ()) = tokio::join!(remote.look_patiently(&call, AWAY_MAX), restarts);
        assert_eq!(seen.expect("it is back in time").json["status"], "Pending");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_stays_away_is_not_waited_for_for_ever() {
        let (listener, port) = bound(0).await;
        drop(listener);
        let begun = Instant::now();
        let told = remote(port).look_patiently(&Call::get(&["x"]), AWAY_MAX).await.expect_err("nobody is there");
        assert!(begun.elapsed() > AWAY_MAX / 2, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_keeps_silent_is_not_listened_to_for_longer_than_said() {
        let (listener, port) = bound(0).await;
        let mut silent = Vec::new();
        let hears = async {
            loop {
                silent.push(listener.accept().await);
            }
        };
        let (begun, longest, workflow) = (Instant::now(), Duration::from_secs(7), Named { id: "w".to_owned(), name: "W".to_owned() });
        let remote = remote(port);
        let told = tokio::select! {
            told = remote.ended(&workflow, "x", begun + longest) => told.expect_err("nobody answers"),
            () = hears => unreachable!("it hears for ever"),
        };
        assert!(begun.elapsed() < longest + LOOK_AGAIN_AFTER, "{told:?} after {:?}", begun.elapsed());
        assert!(format!("{told:?}").contains("within 7 s"), "{told:?}");
        // The second look gets what is left, not as much as the first.
        let (begun, patience) = (Instant::now(), TIMEOUT + 2 * LOOK_AT_LEAST);
        let told = remote.look_patiently(&Call::get(&["x"]), patience).await.expect_err("nobody answers");
        assert!(begun.elapsed() < patience + LOOK_AGAIN_AFTER, "{told:?} after {:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn who_comes_last_looks_once() {
        let (listener, port) = bound(0).await;
        let (remote, workflow) = (remote(port), Named { id: "w".to_owned(), name: "W".to_owned() });
        let (seen, asked) = tokio::join!(remote.ended(&workflow, "x", Instant::now()), say(&listener, "200 OK", r#"{"status":"Pending"}"#));
        assert_eq!(seen.expect("it is answered").json["status"], "Pending");
        assert!(asked.starts_with("GET /api/v1/workflows/w/executions/x HTTP/1.1"), "{asked}");
    }

    #[tokio::test]
    async fn what_no_waiting_helps_is_told_at_once() {
        let (listener, port) = bound(0).await;
        for (head, body, told) in [
            ("429 Too Many Requests\r\nRetry-After: 3600", r#"{"errors":["Too many"]}"#, "Too many; ask again in 3600 s"),
            ("409 Conflict", r#"{"errors":["It has gone"]}"#, "It has gone"),
        ] {
            let (remote, call) = (remote(port), Call::get(&["x"]));
            let (seen, _) = tokio::join!(remote.look_patiently(&call, AWAY_MAX), say(&listener, head, body));
            assert_eq!(seen.err(), Some(Trouble::refused(told)));
        }
    }
}
