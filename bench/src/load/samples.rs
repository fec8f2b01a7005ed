//! How long things took: every sample is kept, so percentiles are exact.

use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<u32>);

/// Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Samples {
    pub fn add(&mut self, length: Duration) {
        self.0.push(u32::try_from(length.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// `None` without a sample.
    pub fn latency(&self) -> Option<Latency> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        Some(Latency { p50: percentile(&sorted, 50)?, p95: percentile(&sorted, 95)?, p99: percentile(&sorted, 99)? })
    }
}

/// The smallest sample that `percent` of all do not exceed.
fn percentile(sorted: &[u32], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|micros| f64::from(*micros) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples = Samples::default();
        assert_eq!(samples.latency(), None);
        for milliseconds in (1..=200).rev() {
            samples.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(samples.latency(), Some(Latency { p50: 100.0, p95: 190.0, p99: 198.0 }));
        let mut single = Samples::default();
        single.add(Duration::from_micros(1_500));
        assert_eq!(single.latency(), Some(Latency { p50: 1.5, p95: 1.5, p99: 1.5 }));
    }
}
