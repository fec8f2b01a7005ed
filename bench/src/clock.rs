//! Real time, which these commands are there to measure and to wait in.

use std::time::{Duration, Instant, SystemTime};

use crate::Outcome;

#[expect(clippy::disallowed_methods, reason = "these commands measure real time; nothing here is replayed")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, to tell one run from another.
#[expect(clippy::disallowed_methods, reason = "a run is named by when it was made")]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

pub fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Asks again and again until there is an answer, `longest` at most.
pub fn wait_for<T>(what: &str, longest: Duration, mut ask: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let start = now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > longest {
            return Err(format!("{what} did not come within {longest:?}").into());
        }
        pause(Duration::from_millis(1));
    }
}
