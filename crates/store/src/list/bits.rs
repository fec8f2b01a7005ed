//! A set of places in a list of ids.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    pub fn none(count: usize) -> Bits {
        Bits { words: vec![0; count.div_ceil(64)], count }
    }

    pub fn all(count: usize) -> Bits {
        let mut all = Bits { words: vec![u64::MAX; count.div_ceil(64)], count };
        if let (Some(last), rest @ 1..) = (all.words.last_mut(), count % 64) {
            *last = (1 << rest) - 1;
        }
        all
    }

    pub fn add(&mut self, place: usize) {
        self.words[place / 64] |= 1 << (place % 64);
    }

    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn and(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub fn or(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Without those of the other.
    pub fn less(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    pub fn turned(mut self) -> Bits {
        let all = Bits::all(self.count);
        self.words.iter_mut().zip(&all.words).for_each(|(word, all)| *word = !*word & all);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let place = (rest != 0).then(|| index * 64 + rest.trailing_zeros() as usize);
                rest &= rest.wrapping_sub(1);
                place
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_as_they_are_written() {
        for count in [0, 1, 63, 64, 65, 200] {
            let mut thirds = Bits::none(count);
            (0..count).step_by(3).for_each(|place| thirds.add(place));
            assert_eq!(thirds.iter().collect::<Vec<_>>(), (0..count).step_by(3).collect::<Vec<_>>());
            assert_eq!(thirds.len(), count.div_ceil(3));
            let others = thirds.clone().turned();
            assert_eq!(others.len() + thirds.len(), count);
            let (mut both, mut either, mut less) = (thirds.clone(), thirds.clone(), Bits::all(count));
            both.and(&others);
            either.or(&others);
            less.less(&thirds);
            assert_eq!((both, either, less), (Bits::none(count), Bits::all(count), others));
        }
    }
}
