//! Whose turn it is: every workspace that has something waiting gets its part, however many there are.

use baton_core::ids::Id;

use crate::{StoreError, Tx};

/// Workspaces that a look for much goes through, and one for a single thing.
pub(super) const MANY: usize = 1000;
pub(super) const FEW: usize = 8;
/// Spreads numbers that follow each other over all numbers (the golden ratio of 2^64).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// How the workspaces are found that have something waiting, each by one step through an index: no rows of theirs are read.
pub(super) struct Waiting {
    /// The first after $1.
    pub next: &'static str,
    /// The last of all.
    pub last: &'static str,
}

impl Waiting {
    /// At most so many of those workspaces; `turn`, another number each time, says with which to begin. Where there are more of them than one look has
    /// room for, it says from where on.
    pub fn workspaces(&self, tx: &mut dyn Tx, turn: u64, most: usize) -> Result<Vec<Id>, StoreError> {
        let turn = turn.wrapping_mul(SPREAD);
        let mut found = self.after(tx, -1, most)?;
        if found.len() < most {
            let begin = usize::try_from(turn >> 32).unwrap_or_default() % found.len().max(1);
            found.rotate_left(begin);
            return Ok(found);
        }
        let (first, last) = (found[0].as_i64(), tx.query_one(self.last, &[], |row| row.int(0))?.unwrap_or(0));
        // Ids are made of times, so they are spread well enough between the first and the last.
        let span = u64::try_from(last - first).unwrap_or(0).max(1);
        let from = first + i64::try_from(turn % span).unwrap_or(0);
        let mut turned = self.after(tx, from, most)?;
        turned.extend(found.into_iter().filter(|workspace| workspace.as_i64() <= from));
        turned.truncate(most);
        Ok(turned)
    }

    fn after(&self, tx: &mut dyn Tx, from: i64, most: usize) -> Result<Vec<Id>, StoreError> {
        let mut found: Vec<Id> = Vec::new();
        let mut last = from;
        while found.len() < most
            && let Some(next) = tx.query_one(self.next, &[last.into()], |row| row.id(0))?
        {
            last = next.as_i64();
            found.push(next);
        }
        Ok(found)
    }
}
