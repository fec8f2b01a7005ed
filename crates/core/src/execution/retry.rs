//! Whether and when a failed attempt is followed by another.

use std::time::Duration;

use super::call::{Call, Failure, FailureKind, Reply, Request};
use crate::limits::{MAIL_RETRY_MAX, RETRY_WAIT_MAX, UNSENT_ATTEMPTS_MAX};
use crate::time::Timestamp;
use crate::workflow::{Backoff, Policy, Retry};

/// The waits where the definition says nothing.
const UNSENT_FIRST: Duration = Duration::from_secs(1);
const UNSENT_MAX: Duration = Duration::from_secs(10);
const MAIL_FIRST: Duration = Duration::from_secs(5);
const MAIL_MAX: Duration = Duration::from_secs(60);

/// When to try again after a reply that failed, if at all. `call` counts this failure already; `jitter` is in [0, 1).
pub(super) fn again_at(call: &Call, policy: &Policy, reply: &Reply, now: Timestamp, jitter: f64) -> Option<Timestamp> {
    let wait = match (&call.request, reply) {
        (Request::Http(_), Reply::Answered(answer)) if may_pass(answer.status) => {
            let wait = opted_in(policy.retry.as_ref()?, call.failures, jitter)?;
            wait.max(answer.retry_after.unwrap_or_default().min(RETRY_WAIT_MAX))
        }
        (Request::Http(_), Reply::Failed(failure)) => http_wait(call, policy, failure, jitter)?,
        (Request::Email(_), Reply::Failed(failure)) => mail_wait(call, policy, failure, now, jitter)?,
        (_, Reply::Answered(_) | Reply::Delivered) => return None,
    };
    Some(now.plus_micros(micros(wait)))
}

/// Answers that say "not now" rather than "no".
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

fn http_wait(call: &Call, policy: &Policy, failure: &Failure, jitter: f64) -> Option<Duration> {
    match failure.kind {
        // Nothing has happened, so this much is always tried.
        FailureKind::NotSent => policy.retry.as_ref().and_then(|retry| opted_in(retry, call.failures, jitter)).or_else(|| {
            let more = call.failures < UNSENT_ATTEMPTS_MAX;
            more.then(|| grown(UNSENT_FIRST, UNSENT_MAX, call.failures).mul_f64(jitter))
        }),
        FailureKind::NoAnswer if policy.never_repeat => None,
        FailureKind::NoAnswer => opted_in(policy.retry.as_ref()?, call.failures, jitter),
        FailureKind::NotNow | FailureKind::NotAllowed | FailureKind::Final => None,
    }
}

/// A mail server that is not there or has no time is asked again for a while, as every mail program does. One that broke off may have
/// taken the message, and each time more would be a copy.
fn mail_wait(call: &Call, policy: &Policy, failure: &Failure, now: Timestamp, jitter: f64) -> Option<Duration> {
    let repeatable = match failure.kind {
        FailureKind::NotSent | FailureKind::NotNow => true,
        FailureKind::NoAnswer if policy.never_repeat => false,
        FailureKind::NoAnswer => return opted_in(policy.retry.as_ref()?, call.failures, jitter),
        FailureKind::NotAllowed | FailureKind::Final => false,
    };
    let wait = grown(MAIL_FIRST, MAIL_MAX, call.failures).mul_f64((1.0 + jitter) / 2.0);
    let last = call.started_at.plus_micros(micros(MAIL_RETRY_MAX));
    (repeatable && now.plus_micros(micros(wait)) <= last).then_some(wait)
}

/// Between half of it and all of it, so that many who failed together do not come back together; a fixed wait is what it says.
fn opted_in(retry: &Retry, failures: u32, jitter: f64) -> Option<Duration> {
    if failures >= retry.attempts {
        return None;
    }
    Some(match retry.backoff {
        Backoff::Fixed => retry.first,
        Backoff::Exponential => grown(retry.first, retry.max, failures).mul_f64((1.0 + jitter) / 2.0),
    })
}

/// `first` after the first failure, then twice as long each time, but never longer than `max`.
fn grown(first: Duration, max: Duration, failures: u32) -> Duration {
    first.saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(max)
}

fn micros(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)
}
