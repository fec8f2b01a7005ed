//! Clock and randomness, from outside: the same seed replays the same run.

use std::time::Duration;

use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// Never goes back and never jumps; from some fixed point.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    #[expect(clippy::new_without_default, clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    pub fn new() -> SystemClock {
        SystemClock { start: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn monotonic(&self) -> Duration {
        std::time::Instant::now().duration_since(self.start)
    }
}

/// Random bits and identifiers, shared by all commands of a node.
pub struct Entropy {
    state: Mutex<EntropyState>,
}

struct EntropyState {
    rng: StdRng,
    last: Id,
}

impl Entropy {
    pub fn from_system() -> Entropy {
        let mut seed = [0u8; 32];
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
        rand::rng().fill_bytes(&mut seed);
        Entropy::from_rng(StdRng::from_seed(seed))
    }

    pub fn from_seed(seed: u64) -> Entropy {
        Entropy::from_rng(StdRng::seed_from_u64(seed))
    }

    fn from_rng(rng: StdRng) -> Entropy {
        Entropy { state: Mutex::new(EntropyState { rng, last: Id::new(0, 0) }) }
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        self.state.lock().rng.fill_bytes(bytes);
    }

    /// At least 0, less than 1.
    pub fn fraction(&self) -> f64 {
        self.state.lock().rng.random()
    }

    /// A fresh identifier, greater than every one made here before.
    pub fn id(&self, now: Timestamp) -> Id {
        let mut state = self.state.lock();
        let fresh = Id::new(now.millis(), state.rng.random());
        // Within one millisecond a short random step keeps ids rising, and apart from other nodes' ids.
        let next =
            if fresh.as_i64() >> 22 > state.last.as_i64() >> 22 { fresh } else { state.last.following(state.rng.random_range(1..=64)) };
        state.last = next;
        next
    }
}

/// The environment of one transaction: its time stands still.
pub struct TxEnv<'a> {
    now: Timestamp,
    entropy: &'a Entropy,
}

impl<'a> TxEnv<'a> {
    pub fn new(now: Timestamp, entropy: &'a Entropy) -> TxEnv<'a> {
        TxEnv { now, entropy }
    }
}

impl Env for TxEnv<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn new_id(&mut self) -> Id {
        self.entropy.id(self.now)
    }

    fn salt(&mut self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        salt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_also_when_the_clock_steps_back() {
        let entropy = Entropy::from_seed(1);
        let mut last = Id::new(0, 0);
        for micros in (0..200_000).chain(0..1000).map(|n| 1_790_000_000_000_000 + n) {
            let id = entropy.id(Timestamp::from_micros(micros));
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn a_seed_replays() {
        let (a, b) = (Entropy::from_seed(7), Entropy::from_seed(7));
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        assert_eq!((0..9).map(|_| a.id(now)).collect::<Vec<_>>(), (0..9).map(|_| b.id(now)).collect::<Vec<_>>());
    }
}
