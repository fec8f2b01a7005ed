//! The load generator. Client and server share the machine's cores, so it is one thread that does as little as it can:
//! preformatted requests, no JSON, one read and one write for each exchange.

mod driver;
mod execute;
mod posts;
mod repeat;
mod samples;
#[cfg(test)]
mod stand_in;

pub use driver::{Script, Turn, drive};
pub use execute::{Executions, Job, Order, Pace, Tasks};
pub use posts::Posts;
pub use repeat::Reads;
pub use samples::{Latency, Samples};

use std::time::{Duration, Instant};

use crate::clock;

/// When a measurement counts: after the warm-up, for a length.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}

impl Window {
    pub fn from_now(warm_up: Duration, length: Duration) -> Window {
        let start = clock::now() + warm_up;
        Window { start, end: start + length }
    }

    pub fn counts(&self, moment: Instant) -> bool {
        self.start <= moment && moment < self.end
    }

    pub fn seconds(&self) -> f64 {
        self.end.duration_since(self.start).as_secs_f64()
    }
}
