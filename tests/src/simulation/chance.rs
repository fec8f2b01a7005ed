//! Everything that a seed chooses.

use std::ops::Range;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// One stream of choices, which can be shared.
pub struct Chance(Mutex<StdRng>);

impl Chance {
    /// Each `stream` of a seed is another.
    pub fn new(seed: u64, stream: u64) -> Chance {
        Chance(Mutex::new(StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream)))
    }

    pub fn within(&self, range: Range<u64>) -> u64 {
        self.0.lock().random_range(range)
    }

    /// True once in `times`.
    pub fn once_in(&self, times: u64) -> bool {
        self.within(0..times) == 0
    }

    pub fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.0.lock().random_range(0..choices.len())]
    }
}
