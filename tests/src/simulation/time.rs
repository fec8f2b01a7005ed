//! The time of a run, which passes only while everybody waits, and the clocks that its nodes have.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_engine::env::Clock;
use tokio::time::Instant;

/// When every run begins: 2027-01-15.
const BEGINNING_MICROS: i64 = 1_800_000_000_000_000;

/// What the time really is: the shared clock that leases go by.
#[derive(Clone, Copy)]
pub struct Time {
    start: Instant,
}

impl Time {
    /// Within a runtime whose clock is paused.
    pub fn begin() -> Time {
        Time { start: Instant::now() }
    }

    pub fn passed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(BEGINNING_MICROS + i64::try_from(self.passed().as_micros()).unwrap_or(i64::MAX))
    }

    pub async fn pass(&self, length: Duration) {
        if !length.is_zero() {
            tokio::time::sleep_until(Instant::now() + length).await;
        }
    }

    pub async fn until(&self, moment: Duration) {
        tokio::time::sleep_until(self.start + moment).await;
    }
}

/// A node's own clock: ahead of the time or behind it, and not always by as much.
pub struct NodeClock {
    time: Time,
    ahead_micros: AtomicI64,
}

impl NodeClock {
    pub fn new(time: Time) -> NodeClock {
        NodeClock { time, ahead_micros: AtomicI64::new(0) }
    }

    pub fn jump_to(&self, ahead_millis: i64) {
        self.ahead_micros.store(ahead_millis * 1000, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.time.now().plus_micros(self.ahead_micros.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.time.passed()
    }
}
