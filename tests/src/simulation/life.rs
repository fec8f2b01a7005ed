//! Whether a node lives: from its start to its crash, with the times when it stands still or can't reach the store.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

#[derive(Default)]
pub struct Life {
    /// The node's.
    pub number: usize,
    dead: AtomicBool,
    paused: AtomicBool,
    cut: AtomicBool,
    /// Wakes in the order in which they wait. A `watch` would wake them in any.
    changed: Notify,
}

impl Life {
    pub fn new(number: usize) -> Life {
        Life { number, ..Life::default() }
    }

    pub fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    pub async fn died(&self) {
        self.until(|| self.dead.load(Ordering::Relaxed)).await;
    }

    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Whether its connection to the store is cut.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    /// Goes on when the node does; never again in a dead one.
    pub async fn runs(&self) {
        self.until(|| !self.paused.load(Ordering::Relaxed) && !self.dead.load(Ordering::Relaxed)).await;
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        while !holds() {
            let changed = self.changed.notified();
            if holds() {
                return;
            }
            changed.await;
        }
    }
}
