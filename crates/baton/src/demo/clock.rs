//! The story's time: it stands still while something is done, and then jumps.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_engine::env::{Clock, SystemClock};

pub struct StoryClock {
    machine: SystemClock,
    micros: AtomicI64,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// When something happens on a day.
const HOURS: [i64; 4] = [8, 11, 14, 16];
pub const DAYS: usize = 30;
/// Of the whole story; it ends on the day before today.
pub const MOMENTS: usize = DAYS * HOURS.len();

impl StoryClock {
    /// Shows the machine's time.
    pub fn new() -> StoryClock {
        let machine = SystemClock::new();
        let micros = AtomicI64::new(machine.now().micros());
        StoryClock { machine, micros }
    }

    pub fn set(&self, moment: usize) {
        let today = self.machine.now().micros() / DAY * DAY;
        let (day, hour) = (moment / HOURS.len(), HOURS[moment % HOURS.len()]);
        let days_ago = i64::try_from(DAYS.saturating_sub(day)).expect("a few days");
        self.micros.store(today - days_ago * DAY + hour * HOUR, Ordering::Relaxed);
    }

    pub fn set_to_now(&self) {
        self.micros.store(self.machine.now().micros(), Ordering::Relaxed);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }
}
