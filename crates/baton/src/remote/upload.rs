//! A file that is sent. It is on this side until the server has accepted it, so a server that is away or busy is asked again.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use baton_connect::http::{Failure, Outgoing};
use tokio::time::Instant;

use super::waiting::{AWAY_MAX, COMES_BACK, LOOK_AGAIN_AFTER};
use super::{Answer, Call, Remote, now};
use crate::trouble::Trouble;

/// A file at its beginning, and how long it is, where that is known.
pub struct Opened {
    pub source: Box<dyn Read + Send>,
    pub length: Option<u64>,
}

impl Remote {
    /// What people call `name`. `open` begins it anew for each attempt; `None` is what can be read only once, and is not sent again.
    pub async fn upload(&self, call: &Call, name: &str, mut open: impl FnMut() -> io::Result<Option<Opened>>) -> Result<Answer, Trouble> {
        let request = call.request(&self.url, &self.key)?;
        let mut open = || open().map_err(|error| Trouble::unread(name, &error));
        let mut deadline = None;
        let mut body = open()?;
        loop {
            let Some(Opened { source, length }) = body.take() else { return Err(Trouble::refused("there is nothing to send")) };
            let unread = Arc::new(OnceLock::new());
            let outgoing = Outgoing::new(Kept { source, unread: Arc::clone(&unread) }, length);
            // Nobody has heard the first that finds no connection: it may have gone to a wrong address.
            let heard = deadline.is_some();
            let (end, after) = match self.client.upload(&request, outgoing).await {
                Ok(answer) => {
                    let after = COMES_BACK.contains(&answer.status).then(|| answer.retry_after(now()).unwrap_or_default());
                    (Answer::read(answer, now(), call, &self.url), after)
                }
                Err(error) => {
                    if let Some(error) = unread.get() {
                        return Err(Trouble::unread(name, error));
                    }
                    let comes_back = match error.failure {
                        Failure::BrokenOff { .. } => true,
                        Failure::NoConnection { .. } => heard,
                        _ => false,
                    };
                    (Err(Trouble::refused(self.unanswered(call, &error.failure, heard))), comes_back.then_some(Duration::ZERO))
                }
            };
            let Some(after) = after.map(|after| after.max(LOOK_AGAIN_AFTER)) else { return end };
            if Instant::now() + after > *deadline.get_or_insert_with(|| Instant::now() + AWAY_MAX) {
                return end;
            }
            body = open()?;
            if body.is_none() {
                return end;
            }
            tokio::time::sleep(after).await;
        }
    }
}

/// Keeps why it can't be read: to who sends it, it is only a body that ends too early.
struct Kept {
    source: Box<dyn Read + Send>,
    unread: Arc<OnceLock<io::Error>>,
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).map_err(|error| {
            let kind = error.kind();
            drop(self.unread.set(error));
            kind.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::super::waiting::tests::{asked, bound, remote, say};
    use super::*;

    fn file(attempts: usize) -> impl FnMut() -> io::Result<Option<Opened>> {
        let mut left = attempts;
        move || {
            let opens = left > 0;
            left = left.saturating_sub(1);
            Ok(opens.then(|| Opened { source: Box::new(&b"Name\nA\n"[..]), length: Some(7) }))
        }
    }

    fn call() -> Call {
        Call::upload(&["x"], "text/csv", "k".to_owned())
    }

    fn busy(seconds: u32) -> String {
        format!("429 Too Many Requests\r\nRetry-After: {seconds}")
    }

    #[tokio::test]
    async fn a_server_that_is_busy_is_sent_the_file_again() {
        let (listener, port) = bound(0).await;
        let answers = async {
            for (head, body) in [(busy(1).as_str(), r#"{"errors":["Too many"]}"#), ("202 Accepted", r#"{"id":"7"}"#)] {
                let request = say(&listener, head, body).await;
                assert!(request.ends_with("\r\n\r\nName\nA\n"), "{request}");
            }
        };
        let (remote, call) = (remote(port), call());
        let (seen, ()) = tokio::join!(remote.upload(&call, "a.csv", file(2)), answers);
        assert_eq!(seen.expect("it is accepted at last").json["id"], "7");
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_is_not_taken_for_a_server_that_does() {
        let (listener, port) = bound(0).await;
        let mut opened = 0;
        let open = || {
            opened += 1;
            let broken = std::iter::once(Err(io::Error::other("a bad sector")));
            let source = b"Name\n".map(Ok).into_iter().chain(broken);
            Ok((opened == 1).then(|| Opened { source: Box::new(Pieces(source)), length: None }))
        };
        let told = remote(port).upload(&call(), "a.csv", open).await.expect_err("it can't be read");
        assert_eq!((told, opened), (Trouble::refused("a.csv can't be read: a bad sector"), 1));
        drop(listener);
    }

    /// Bytes that come one by one.
    struct Pieces<I>(I);

    impl<I: Iterator<Item = io::Result<u8>>> Read for Pieces<I> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(byte) = self.0.next() else { return Ok(0) };
            buffer[0] = byte?;
            Ok(1)
        }
    }

    #[tokio::test]
    async fn what_can_be_sent_once_only_or_not_for_long_is_told_at_once() {
        let (listener, port) = bound(0).await;
        for (opens, seconds) in [(1, 1), (9, 3600)] {
            let (remote, call) = (remote(port), call());
            let told = format!("Too many; ask again in {seconds} s with --idempotency-key k");
            let (head, body) = (busy(seconds), r#"{"errors":["Too many"]}"#);
            let (seen, _) = tokio::join!(remote.upload(&call, "a.csv", file(opens)), say(&listener, &head, body));
            assert_eq!(seen.expect("it is answered").refusal(), Trouble::refused(told));
        }
    }

    /// Lets the clock run while the client alone does something.
    async fn pass(time: Duration) {
        tokio::time::pause();
        let passed = tokio::time::timeout(time, pending::<()>()).await;
        assert!(passed.is_err());
        tokio::time::resume();
    }

    #[tokio::test]
    async fn a_server_that_restarts_gets_the_file_when_it_is_back() {
        let (listener, port) = bound(0).await;
        let restarts = async {
            say(&listener, "503 Service Unavailable\r\nRetry-After: 1", r#"{"errors":["This node is stopping"]}"#).await;
            drop(listener);
            pass(AWAY_MAX / 2).await;
            let (listener, _) = bound(port).await;
            drop(asked(&listener).await);
            say(&listener, "502 Bad Gateway", "<html>").await;
            say(&listener, "202 Accepted", r#"{"id":"7"}"#).await;
            pending().await
        };
        let (remote, call) = (remote(port), call());
        let seen = tokio::select! {
            seen = remote.upload(&call, "a.csv", file(99)) => seen,
            never = restarts => never,
        };
        assert_eq!(seen.expect("it is back in time").json["id"], "7");
    }

    #[tokio::test]
    async fn one_that_stands_still_is_left() {
        let (listener, port) = bound(0).await;
        let stands_still = async {
            let _kept = asked(&listener).await;
            tokio::time::pause();
            pending().await
        };
        let (remote, call) = (remote(port), call());
        let seen = tokio::select! {
            seen = remote.upload(&call, "a.csv", file(9)) => seen,
            never = stands_still => never,
        };
        let told = format!("{seen:?}");
        assert!(told.contains(" has taken and given nothing for 300 s; whether it was done is not known"), "{told}");
    }

    #[tokio::test]
    async fn one_that_stays_away_is_told() {
        let (listener, port) = bound(0).await;
        let leaves = async {
            drop(asked(&listener).await);
            drop(listener);
            tokio::time::pause();
        };
        let (remote, call) = (remote(port), call());
        let begun = Instant::now();
        let (left, ()) = tokio::join!(remote.upload(&call, "a.csv", file(999)), leaves);
        assert!(begun.elapsed() > AWAY_MAX / 2 && begun.elapsed() < AWAY_MAX * 2);
        let told = format!("{left:?}");
        assert!(told.contains("can't be reached any more") && told.contains("with --idempotency-key k"), "{told}");
        // Whom nobody has heard may be somewhere else.
        let begun = Instant::now();
        let told = format!("{:?}", remote.upload(&call, "a.csv", file(9)).await);
        assert!(told.contains("no server answers at") && begun.elapsed() < AWAY_MAX / 2, "{told}");
    }
}
