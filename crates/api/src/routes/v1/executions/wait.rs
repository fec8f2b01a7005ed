//! Waiting for an execution to end: `Prefer: wait=<seconds>` on the POST, `?_wait=<seconds>` on the GET.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::limits::WAIT_SECONDS_MAX;
use baton_engine::commands::executions;
use baton_engine::{Answer, Ask, Engine, Replayed};
use serde_json::Value as Json;

use crate::reply;
use crate::show::execution::ShownExecution;

pub const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Seconds that the caller would rather wait. As HTTP has it (RFC 7240) only the first `wait` counts, more than is given is cut, and
/// what makes no sense is no mistake: it is as if it were not there.
pub fn preferred(headers: &HeaderMap) -> Option<u64> {
    let mut preferences =
        headers.get_all(PREFER).into_iter().filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(','));
    let wait = preferences.find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim())
    })?;
    let digits = wait.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(wait);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are more seconds than are given.
    Some(digits.parse().unwrap_or(u64::MAX).min(WAIT_SECONDS_MAX.unsigned_abs())).filter(|seconds| *seconds > 0)
}

pub fn has_ended(execution: &Execution) -> bool {
    execution.status != Status::Pending
}

/// Who waits, apart from the rest of the call, which need not be held meanwhile.
pub struct Waiting {
    pub engine: Engine,
    pub ask: Ask,
    pub workflow: String,
    pub seconds: u64,
}

impl Waiting {
    /// The answer to a POST that was accepted: its execution as it has ended, or the 202 that is kept under an `Idempotency-Key`. What goes
    /// wrong while waiting takes nothing back.
    pub async fn answer(self, (answer, Replayed(replayed)): (Answer, Replayed)) -> Response<Body> {
        let ended = match accepted(&answer) {
            Some(execution) => self.ended(execution).await,
            None => None,
        };
        let answer = match ended {
            Some(execution) => Answer { headers: answer.headers, ..reply::answer(StatusCode::OK, &ShownExecution::from(&execution)) },
            None => answer,
        };
        let mut response = reply::from_answer((answer, Replayed(replayed)));
        let applied = HeaderValue::from_str(&format!("wait={}", self.seconds)).expect("digits");
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
        response
    }

    async fn ended(&self, execution: Id) -> Option<Execution> {
        let look = || {
            let (workflow, id) = (self.workflow.clone(), execution.to_string());
            self.engine.read(self.ask.clone(), move |cx| executions::get(cx, &workflow, &id))
        };
        let found = self.engine.wait(execution, Duration::from_secs(self.seconds), look, has_ended).await;
        found.ok().filter(has_ended)
    }
}

fn accepted(answer: &Answer) -> Option<Id> {
    let body: Json = serde_json::from_slice(&answer.body).ok()?;
    body["id"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_that_is_said_counts_if_it_makes_sense() {
        for (headers, seconds) in [
            (&[][..], None),
            (&["wait=10"], Some(10)),
            (&["respond-async, Wait = \"10\" ; strict"], Some(10)),
            (&["handling=lenient", "wait=3, wait=9"], Some(3)),
            (&["wait=x, wait=9"], None),
            (&["wait=60"], Some(60)),
            (&["wait=61"], Some(60)),
            (&["wait=99999999999999999999999"], Some(60)),
            (&["wait=0"], None),
            (&["wait=-1"], None),
            (&["wait=+1"], None),
            (&["wait=1.5"], None),
            (&["wait="], None),
            (&["wait=\"\""], None),
            (&["wait"], None),
            (&["await=5"], None),
            (&["foo; wait=5"], None),
            (&["\u{e9}", "wait=5"], Some(5)),
        ] {
            let headers: HeaderMap =
                headers.iter().map(|value| (PREFER, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))).collect();
            assert_eq!(preferred(&headers), seconds, "{headers:?}");
        }
    }
}
