//! Numbers that stand for all numbers: constants, and some of each gap between them.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::value::parse_decimal;

/// Enough that two columns in one gap can come in either order, whatever their grids.
const A_GAP: usize = 3;

/// Which numbers a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grid {
    /// With so many decimal places at most.
    Places(u32),
    Free,
}

pub(super) struct Points {
    pub points: Vec<Decimal>,
    /// Whether they stand for all: near 28 digits some may be missing.
    pub whole: bool,
}

/// For columns with these grids that are compared with these constants, and with each other.
pub(super) fn points(mut constants: Vec<Decimal>, mut grids: Vec<Grid>) -> Points {
    grids.sort();
    grids.dedup();
    if constants.is_empty() {
        constants.push(Decimal::ZERO);
    }
    constants.sort();
    constants.dedup();
    let mut all = Points { points: constants, whole: true };
    // The coarse ones first: the finer ones then have room between them.
    for grid in grids {
        let known = std::mem::take(&mut all.points);
        let ends = known.iter().copied().map(Some);
        let gaps = std::iter::once(None).chain(ends.clone()).zip(ends.chain([None]));
        for (above, below) in gaps {
            all.points.extend(above);
            let found = match (above, below) {
                (Some(above), Some(below)) => between(above, below, grid),
                (Some(above), None) => beyond(above, grid, Decimal::ONE),
                (None, Some(below)) => beyond(below, grid, Decimal::NEGATIVE_ONE),
                (None, None) => None,
            };
            match found {
                Some(found) => all.points.extend(found),
                None => all.whole = false,
            }
        }
        all.points.sort();
        all.points.dedup();
    }
    all
}

/// `None` where the digits do not suffice to say.
fn between(above: Decimal, below: Decimal, grid: Grid) -> Option<Vec<Decimal>> {
    match grid {
        Grid::Places(places) => multiples(above, below, places),
        Grid::Free => (0..=28).find_map(|places| multiples(above, below, places).filter(|found| found.len() == A_GAP)),
    }
}

/// The first multiples of ten to the power `-places` between the two.
fn multiples(above: Decimal, below: Decimal, places: u32) -> Option<Vec<Decimal>> {
    let unit = Decimal::new(1, places);
    let mut found = Vec::new();
    let mut next = floor(above, places);
    for _ in 0..A_GAP {
        let last = next;
        next = last.checked_add(unit)?;
        if next >= below {
            break;
        }
        // What has too many digits would have been rounded.
        if next.checked_sub(unit)? != last || next <= last || !can_be_held(next) {
            return None;
        }
        found.push(next);
    }
    Some(found)
}

/// Some on one side of all constants.
fn beyond(end: Decimal, grid: Grid, side: Decimal) -> Option<Vec<Decimal>> {
    let places = match grid {
        Grid::Places(places) => places,
        Grid::Free => 0,
    };
    let unit = Decimal::new(1, places).checked_mul(side)?;
    let mut next = floor(end, places);
    let mut found = Vec::new();
    while found.len() < A_GAP {
        if (next - end) * side > Decimal::ZERO {
            if !can_be_held(next) {
                return None;
            }
            found.push(next);
        }
        next = next.checked_add(unit)?;
    }
    Some(found)
}

fn floor(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, RoundingStrategy::ToNegativeInfinity)
}

fn can_be_held(number: Decimal) -> bool {
    parse_decimal(&number.normalize().to_string()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constants: &[&str], grids: &[Grid], expected: &[&str], whole: bool) {
        let constants = constants.iter().map(|text| text.parse().expect(text)).collect();
        let found = points(constants, grids.to_vec());
        let shown: Vec<String> = found.points.iter().map(|point| point.normalize().to_string()).collect();
        assert_eq!((shown, found.whole), (expected.iter().map(ToString::to_string).collect(), whole));
    }

    #[test]
    fn each_gap_has_what_can_lie_in_it() {
        check(&["5"], &[Grid::Places(0)], &["2", "3", "4", "5", "6", "7", "8"], true);
        check(&["1", "2"], &[Grid::Places(0)], &["-2", "-1", "0", "1", "2", "3", "4", "5"], true);
        check(&["1", "2"], &[Grid::Free], &["-2", "-1", "0", "1", "1.1", "1.2", "1.3", "2", "3", "4", "5"], true);
        check(&["0.5"], &[Grid::Places(0)], &["-2", "-1", "0", "0.5", "1", "2", "3"], true);
        check(&["-0.5", "0.01"], &[Grid::Places(0)], &["-3", "-2", "-1", "-0.5", "0", "0.01", "1", "2", "3"], true);
        // Nothing with so few digits may be left out without being told.
        let huge = "9999999999999999999999999999";
        assert!(!points(vec![huge.parse().expect("28 digits")], vec![Grid::Free]).whole);
        let close = ["1000000000000000000000000000", "1000000000000000000000000001"];
        assert!(!points(close.map(|text| text.parse().expect("28 digits")).to_vec(), vec![Grid::Free]).whole);
        assert!(points(close.map(|text| text.parse().expect("28 digits")).to_vec(), vec![Grid::Places(0)]).whole);
    }

    #[test]
    fn a_finer_grid_finds_room_between_the_coarser_one() {
        check(
            &["0"],
            &[Grid::Places(0), Grid::Places(1)],
            &[
                "-3.3", "-3.2", "-3.1", "-3", "-2.9", "-2.8", "-2.7", "-2", "-1.9", "-1.8", "-1.7", "-1", "-0.9", "-0.8", "-0.7", "0",
                "0.1", "0.2", "0.3", "1", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "2.3", "3", "3.1", "3.2", "3.3",
            ],
            true,
        );
    }
}
