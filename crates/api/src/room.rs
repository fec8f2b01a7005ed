//! The memory that is set aside for large bodies: what all callers together may take of it.

use std::sync::Arc;

use baton_core::limits::LARGE_BODIES_BYTES_MAX as BYTES_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted in; a semaphore counts no further than 32 bits in one go.
const UNIT_BYTES: usize = 1024;

pub struct Room(Arc<Semaphore>);

/// What one body takes; free again when dropped.
#[derive(Default)]
pub struct Taken(Option<OwnedSemaphorePermit>);

impl Room {
    /// One body of the largest size always fits.
    pub fn new(body_bytes_max: usize) -> Room {
        Room(Arc::new(Semaphore::new(units(BYTES_MAX.max(body_bytes_max)))))
    }
}

impl Taken {
    /// Takes as much as makes `bytes` in all; false if others have it.
    pub fn grow(&mut self, room: &Room, bytes: usize) -> bool {
        let held = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(more) = u32::try_from(units(bytes).saturating_sub(held)) else { return false };
        let Ok(permit) = room.0.clone().try_acquire_many_owned(more) else { return false };
        match &mut self.0 {
            Some(held) => held.merge(permit),
            None => self.0 = Some(permit),
        }
        true
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_missing_until_it_is_given_back() {
        let room = Room::new(0);
        let (mut one, mut other) = (Taken::default(), Taken::default());
        assert!(one.grow(&room, 1) && one.grow(&room, BYTES_MAX - UNIT_BYTES) && one.grow(&room, UNIT_BYTES));
        assert!(other.grow(&room, UNIT_BYTES));
        assert!(!other.grow(&room, UNIT_BYTES + 1) && !one.grow(&room, BYTES_MAX));
        drop(one);
        assert!(other.grow(&room, BYTES_MAX));
    }

    #[test]
    fn the_largest_body_always_fits() {
        let size = 2 * BYTES_MAX;
        assert!(Taken::default().grow(&Room::new(size), size));
    }
}
