//! The slots of a node: how many executions it runs at once, and how many of these may have waited before.
//!
//! What has waited comes in plenty, and all that runs at once shares commits, so whoever comes then would wait for all of it. While
//! executions are born of workspaces that have none waiting, what has waited gets few slots; else it gets all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One in so many is for what has waited, while others come.
const WAITED_SHARE: usize = 16;
/// Nobody else has come for this long.
const QUIET: Duration = Duration::from_millis(100);

pub(crate) struct Slots {
    free: Arc<Semaphore>,
    all: usize,
    /// In use by what has waited.
    waited: Arc<AtomicUsize>,
    /// When somebody last came who has nothing waiting, by the machine's own clock.
    came_at: Mutex<Option<Duration>>,
}

pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    waited: Option<Waited>,
}

impl Slot {
    pub fn is_for_waited(&self) -> bool {
        self.waited.is_some()
    }
}

/// One of those that what has waited may use.
struct Waited(Arc<AtomicUsize>);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Slots {
    pub fn new(all: usize) -> Slots {
        Slots { free: Arc::new(Semaphore::new(all)), all, waited: Arc::default(), came_at: Mutex::new(None) }
    }

    /// For an execution that is about to be born. Where none is free, those that what has waited gives back will be for the next.
    /// `waits`: others of its workspace wait already.
    pub fn for_born(&self, now: Duration, waits: bool) -> Option<Slot> {
        if !waits {
            *self.came_at.lock() = Some(now);
        }
        self.any()
    }

    /// For what goes on behind an execution of this node.
    pub fn any(&self) -> Option<Slot> {
        let permit = self.free.clone().try_acquire_owned().ok()?;
        Some(Slot { _permit: permit, waited: None })
    }

    /// Whether there is one for what has waited.
    pub fn is_any_for_waited(&self, now: Duration) -> bool {
        self.free() > 0 && self.waited.load(Ordering::Acquire) < self.most_waited(now)
    }

    /// For what has waited: all that it may use.
    pub fn for_waited(&self, now: Duration) -> Vec<Slot> {
        let take = || self.any().and_then(|mut slot| self.may_take_waited(&mut slot, now).then_some(slot));
        std::iter::from_fn(take).collect()
    }

    /// Whether a slot may go on with what has waited. One that may not leaves the room to whoever comes.
    pub fn may_take_waited(&self, slot: &mut Slot, now: Duration) -> bool {
        let most = self.most_waited(now);
        if slot.waited.is_some() {
            if self.waited.load(Ordering::Acquire) > most {
                slot.waited = None;
            }
        } else if self.waited.fetch_update(Ordering::AcqRel, Ordering::Acquire, |waited| (waited < most).then_some(waited + 1)).is_ok() {
            slot.waited = Some(Waited(self.waited.clone()));
        }
        slot.is_for_waited()
    }

    fn most_waited(&self, now: Duration) -> usize {
        let quiet = self.came_at.lock().is_none_or(|came_at| now.saturating_sub(came_at) >= QUIET);
        if quiet { self.all } else { self.all.div_ceil(WAITED_SHARE) }
    }

    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Waits until none is in use.
    pub async fn all_free(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        drop(self.free.acquire_many(all).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn what_has_waited_gets_all_slots_until_others_come_and_again_when_they_have_gone() {
        let slots = Slots::new(32);
        let held = slots.for_waited(MILLI);
        assert_eq!((held.len(), slots.free()), (32, 0));
        assert!(slots.for_born(MILLI, false).is_none(), "there is no slot for it");
        drop(held);
        assert_eq!(slots.for_waited(MILLI).len(), 2);
        assert!(slots.for_born(MILLI, false).is_some());
        assert_eq!(slots.for_waited(QUIET).len(), 2, "somebody was here a moment ago");
        assert_eq!(slots.for_waited(QUIET + MILLI).len(), 32);
    }

    #[test]
    fn who_has_others_waiting_hurries_them() {
        let slots = Slots::new(32);
        assert!(slots.for_born(MILLI, true).is_some());
        assert_eq!(slots.for_waited(MILLI).len(), 32);
    }

    #[test]
    fn who_comes_takes_slots_back_one_by_one() {
        let slots = Slots::new(32);
        let mut held = slots.for_waited(MILLI);
        drop(held.pop());
        drop(slots.for_born(MILLI, false));
        held.retain_mut(|slot| slots.may_take_waited(slot, MILLI));
        assert_eq!(held.len(), 2);
        let mut another = slots.any().unwrap();
        assert!(!slots.may_take_waited(&mut another, MILLI));
        drop(held.pop());
        assert!(slots.may_take_waited(&mut another, MILLI), "one has left");
    }

    #[test]
    fn one_worker_is_for_all() {
        let slots = Slots::new(1);
        drop(slots.for_born(MILLI, false));
        assert_eq!(slots.for_waited(MILLI).len(), 1);
    }
}
