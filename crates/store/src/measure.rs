//! How long things take and how large they are, for whoever watches: a few atomic additions each, whoever does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper ends of buckets, in microseconds: from what an index is read in to what somebody waits for.
const LATENCY: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
    30_000_000,
];
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Values counted by the bucket that they fall into.
pub struct Histogram {
    ends: &'static [u64],
    /// One more than there are ends.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
    /// What a value is multiplied with to be shown.
    scale: f64,
}

/// A histogram as it is at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Up to each end, and all before it.
    pub buckets: Vec<(f64, u64)>,
    pub count: u64,
    pub sum: f64,
}

impl Histogram {
    /// Of durations, shown in seconds.
    pub fn of_latency() -> Histogram {
        Histogram::new(LATENCY, 1e-6)
    }

    pub fn of_sizes() -> Histogram {
        Histogram::new(SIZES, 1.0)
    }

    fn new(ends: &'static [u64], scale: f64) -> Histogram {
        Histogram { ends, counts: (0..=ends.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0), scale }
    }

    pub fn took(&self, duration: Duration) {
        self.add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn add(&self, value: u64) {
        let bucket = self.ends.partition_point(|end| *end < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub fn distribution(&self) -> Distribution {
        let mut count = 0;
        let counts = self.counts.iter().map(|of_bucket| {
            count += of_bucket.load(Ordering::Relaxed);
            count
        });
        let counts: Vec<u64> = counts.collect();
        let buckets = self.ends.iter().map(|end| *end as f64 * self.scale).zip(counts).collect();
        Distribution { buckets, count, sum: self.sum.load(Ordering::Relaxed) as f64 * self.scale }
    }
}

/// What a store measures of itself.
pub struct Measures {
    /// How long works wait for a thread that writes.
    pub waited: Histogram,
    pub commits: Histogram,
    /// Works that shared a commit.
    pub shared: Histogram,
    /// Reads, with what they wait for a connection.
    pub reads: Histogram,
}

impl Measures {
    pub(crate) fn new() -> Arc<Measures> {
        let latency = Histogram::of_latency;
        Arc::new(Measures { waited: latency(), commits: latency(), shared: Histogram::of_sizes(), reads: latency() })
    }
}

/// A moment from which on it is measured. Nothing is decided by it, so it need not come from outside.
#[derive(Clone, Copy)]
pub(crate) struct Begun(Instant);

impl Begun {
    #[expect(clippy::disallowed_methods, reason = "nothing is decided by what is measured")]
    pub fn now() -> Begun {
        Begun(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "nothing is decided by what is measured")]
    pub fn took(self) -> Duration {
        Instant::now().duration_since(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_end_of_a_bucket_is_in_it() {
        let histogram = Histogram::of_sizes();
        for value in [0, 1, 2, 3, 4, 256, 257] {
            histogram.add(value);
        }
        let Distribution { buckets, count, sum } = histogram.distribution();
        assert_eq!(buckets, [(1.0, 2), (2.0, 3), (4.0, 5), (8.0, 5), (16.0, 5), (32.0, 5), (64.0, 5), (128.0, 5), (256.0, 6)]);
        assert_eq!((count, sum), (7, 523.0));
    }

    #[test]
    fn durations_are_told_in_seconds() {
        let histogram = Histogram::of_latency();
        histogram.took(Duration::from_millis(250));
        let Distribution { buckets, count, sum } = histogram.distribution();
        assert_eq!((buckets.iter().find(|(_, count)| *count > 0), count, sum), (Some(&(0.25, 1)), 1, 0.25));
    }
}
