//! A file that is sent. It is on this side until the server has accepted it, so a server that is away or busy is asked again.

use std::time::Duration;

use baton_connect::http::{Failure, Outgoing};

use super::waiting::{AWAY_MAX, COMES_BACK, LOOK_AGAIN_AFTER};
use super::{AGAIN_AFTER, ATTEMPTS_MAX, Answer, Call, Remote, now};
use crate::trouble::Trouble;

impl Remote {
    /// `open` begins the file anew for each attempt; `None` is one that can be read only once, and is not sent again.
    pub async fn upload(&self, call: &Call, mut open: impl FnMut() -> Result<Option<Outgoing>, Trouble>) -> Result<Answer, Trouble> {
        let request = call.request(&self.url, &self.key)?;
        let (mut broken, mut waited) = (0, Duration::ZERO);
        let mut body = open()?;
        loop {
            let Some(outgoing) = body.take() else { return Err(Trouble::refused("there is nothing to send")) };
            let (end, pause) = match self.client.upload(&request, outgoing).await {
                Ok(answer) => {
                    let after = answer.retry_after(now()).unwrap_or_default().max(LOOK_AGAIN_AFTER);
                    let pause = COMES_BACK.contains(&answer.status).then_some(after).filter(|after| waited + *after <= AWAY_MAX);
                    waited += pause.unwrap_or_default();
                    (Answer::read(answer, now(), call, &self.url), pause)
                }
                Err(error) => {
                    let failure = error.failure;
                    let broke = match failure {
                        Failure::BrokenOff { .. } => true,
                        Failure::NoConnection { .. } => broken > 0 || waited > Duration::ZERO,
                        _ => false,
                    };
                    let end = Err(Trouble::refused(self.unanswered(call, &failure, broken > 0)));
                    let pause = (broke && broken + 1 < ATTEMPTS_MAX).then(|| AGAIN_AFTER * 2u32.pow(broken));
                    broken += 1;
                    (end, pause)
                }
            };
            let Some(pause) = pause else { return end };
            body = open()?;
            if body.is_none() {
                return end;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::waiting::tests::{bound, remote, say};
    use super::*;

    fn file(attempts: usize) -> impl FnMut() -> Result<Option<Outgoing>, Trouble> {
        let mut left = attempts;
        move || {
            let opens = left > 0;
            left = left.saturating_sub(1);
            Ok(opens.then(|| Outgoing::new(&b"Name\nA\n"[..], Some(7))))
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
        let (seen, ()) = tokio::join!(remote.upload(&call, file(2)), answers);
        assert_eq!(seen.expect("it is accepted at last").json["id"], "7");
    }

    #[tokio::test]
    async fn what_can_be_sent_once_only_or_not_for_long_is_told_at_once() {
        let (listener, port) = bound(0).await;
        for (opens, seconds) in [(1, 1), (9, 3600)] {
            let (remote, call) = (remote(port), call());
            let told = format!("Too many; ask again in {seconds} s with --idempotency-key k");
            let (head, body) = (busy(seconds), r#"{"errors":["Too many"]}"#);
            let (seen, _) = tokio::join!(remote.upload(&call, file(opens)), say(&listener, &head, body));
            assert_eq!(seen.expect("it is answered").refusal(), Trouble::refused(told));
        }
    }
}
