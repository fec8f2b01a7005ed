//! The same choices in every demo.

/// SplitMix64: small, and good enough to make a story of.
pub struct Random(u64);

impl Random {
    pub fn from_seed(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Both ends included.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        let choices = (most - least + 1) as u64;
        least + usize::try_from(self.next() % choices).expect("below a usize")
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.between(1, 100) <= chance
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.between(0, choices.len() - 1)]
    }
}
