//! Works that wait for a thread with a connection: the callers', which are bounded, and the node's own, which are not,
//! for a node that is kept from renewing its lease by those who ask it for work would lose it. Its own go first; they
//! are few, since a node runs only as much at once as it has slots.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select_biased, unbounded};

use crate::StoreError;
use crate::measure::{Begun, Measures};
use crate::work::Work;

/// Works of callers that may wait: about a tenth of a second of SQLite's writer. Past them callers are told to come back.
const QUEUE_MAX: usize = 2048;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Callers,
    Own,
    /// Its hold on what it runs, which others take over when it lapses.
    Lease,
}

pub(crate) struct Queue {
    callers: Sender<Waiting>,
    own: Sender<Waiting>,
}

/// A work, and since when it waits.
type Waiting = (Box<dyn Work>, Begun);

/// The other end; ends when the queue is dropped and empty.
#[derive(Clone)]
pub(crate) struct Works {
    callers: Receiver<Waiting>,
    own: Receiver<Waiting>,
    pub measures: Arc<Measures>,
}

pub(crate) fn queue(measures: &Arc<Measures>) -> (Queue, Works) {
    let (callers, callers_works) = bounded(QUEUE_MAX);
    let (own, own_works) = unbounded();
    (Queue { callers, own }, Works { callers: callers_works, own: own_works, measures: measures.clone() })
}

impl Queue {
    pub fn push(&self, whose: Whose, work: Box<dyn Work>) -> Result<(), StoreError> {
        let queue = match whose {
            Whose::Callers => &self.callers,
            Whose::Own | Whose::Lease => &self.own,
        };
        queue.try_send((work, Begun::now())).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the store's threads have ended".to_owned()),
        })
    }
}

impl Works {
    /// Waits for the next work; `None` when there will be none.
    pub fn next(&self) -> Option<Box<dyn Work>> {
        // One that is closed may leave something in the other.
        let next = select_biased! {
            recv(self.own) -> work => work.or_else(|_| self.callers.recv()).ok(),
            recv(self.callers) -> work => work.or_else(|_| self.own.recv()).ok(),
        };
        next.map(|waiting| self.taken(waiting))
    }

    /// What waits already.
    pub fn waiting(&self) -> impl Iterator<Item = Box<dyn Work>> {
        self.own.try_iter().chain(self.callers.try_iter()).map(|waiting| self.taken(waiting))
    }

    fn taken(&self, (work, since): Waiting) -> Box<dyn Work> {
        self.measures.waited.took(since.took());
        work
    }

    pub fn len(&self) -> usize {
        self.own.len() + self.callers.len()
    }
}
