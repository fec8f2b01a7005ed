//! Choices that a seed repeats. SplitMix64: small, and good enough to choose moments and tasks by.

use std::ops::Range;

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Another stream of the same seed, for another thread or round.
    pub fn branch(seed: u64, number: u64) -> Random {
        Random(Random(seed ^ number.wrapping_mul(0xA24B_AED4_963E_E407)).next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.within(0..choices.len() as u64) as usize]
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.within(0..times) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_branches_differ() {
        let stream = |mut random: Random| (0..8).map(|_| random.next()).collect::<Vec<_>>();
        assert_eq!(stream(Random::branch(7, 1)), stream(Random::branch(7, 1)));
        assert_ne!(stream(Random::branch(7, 1)), stream(Random::branch(7, 2)));
        assert_ne!(stream(Random::branch(7, 1)), stream(Random::branch(8, 1)));
    }

    #[test]
    fn choices_stay_within_their_range_and_reach_all_of_it() {
        let mut random = Random::new(1);
        let mut seen = [false; 5];
        for _ in 0..1_000 {
            seen[(random.within(10..15) - 10) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
    }
}
