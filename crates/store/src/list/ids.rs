//! The ids of a workflow in the order of creation, and the place of each among them. They are made as time goes by, so the place of
//! one is guessed well, and few are compared: a listing asks for places millions of times.

/// Guesses that are kept: 4 MiB.
const GUESSES_MAX: usize = 1 << 20;

pub(super) struct Ids {
    /// Rising.
    ids: Vec<i64>,
    /// Where the ids begin that are this far behind the first, counted in steps of `1 << shift`; one more at the end.
    starts: Vec<u32>,
    shift: u32,
}

impl Ids {
    pub fn new(ids: Vec<i64>) -> Ids {
        let (first, last) = (ids.first().copied().unwrap_or(0), ids.last().copied().unwrap_or(0));
        let guesses = ids.len().next_power_of_two().min(GUESSES_MAX);
        let span_bits = 64 - last.abs_diff(first).leading_zeros();
        let shift = span_bits.saturating_sub(guesses.trailing_zeros());
        let mut starts = Vec::with_capacity(guesses + 1);
        for (place, id) in (0u32..).zip(&ids) {
            while starts.len() as u64 <= id.abs_diff(first) >> shift {
                starts.push(place);
            }
        }
        starts.push(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        Ids { ids, starts, shift }
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn at(&self, place: usize) -> i64 {
        self.ids[place]
    }

    /// `None` for what was made meanwhile, where a view is not one of one moment.
    pub fn place(&self, id: i64) -> Option<usize> {
        let first = *self.ids.first().filter(|first| **first <= id)?;
        let guess = usize::try_from(id.abs_diff(first) >> self.shift).ok()?;
        let start = *self.starts.get(guess)? as usize;
        let end = *self.starts.get(guess + 1)? as usize;
        self.ids[start..end].binary_search(&id).ok().map(|place| start + place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_place() {
        let far = |number: i64| (1 << 40) + number * number * 77_777;
        for ids in
            [vec![], vec![5], vec![0, i64::MAX], vec![3, 4, 5, 1 << 60], (0..3000).map(far).collect(), (10..1000).collect::<Vec<i64>>()]
        {
            let places = Ids::new(ids.clone());
            assert_eq!(places.len(), ids.len());
            for (place, id) in ids.iter().enumerate() {
                assert_eq!((places.place(*id), places.at(place)), (Some(place), *id));
                for other in [id.saturating_sub(1), id.saturating_add(1)] {
                    assert_eq!(places.place(other), ids.binary_search(&other).ok(), "{other}");
                }
            }
        }
    }
}
