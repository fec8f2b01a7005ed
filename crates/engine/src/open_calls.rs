//! How many calls a node has under way: so many in all, of one workspace at most half of them, and when they become few, fewer for those
//! who have many. So whoever comes last still finds some, whatever the others' calls hang on.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::ids::Id;
use baton_core::limits::{OPEN_CALLS_A_WORKSPACE_MAX, OPEN_CALLS_MAX};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a workspace with many leaves to others.
const RESERVE: usize = OPEN_CALLS_MAX / 8;

pub(crate) struct OpenCalls {
    all: Arc<Semaphore>,
    of: Mutex<HashMap<Id, usize>>,
}

/// One open call; it ends when this is dropped.
pub(crate) struct CallPermit {
    calls: Arc<OpenCalls>,
    workspace: Id,
    _one_of_all: OwnedSemaphorePermit,
}

impl OpenCalls {
    pub fn new() -> OpenCalls {
        OpenCalls { all: Arc::new(Semaphore::new(OPEN_CALLS_MAX)), of: Mutex::new(HashMap::new()) }
    }

    pub fn open(self: &Arc<OpenCalls>, workspace: Id) -> Option<CallPermit> {
        let mut of = self.of.lock();
        let open = of.get(&workspace).copied().unwrap_or(0);
        if open >= most_of_one(self.free() + open) {
            return None;
        }
        let permit = self.all.clone().try_acquire_owned().ok()?;
        of.insert(workspace, open + 1);
        Some(CallPermit { calls: self.clone(), workspace, _one_of_all: permit })
    }

    pub fn free(&self) -> usize {
        self.all.available_permits()
    }

    pub fn free_of(&self, workspace: Id) -> usize {
        let open = self.of.lock().get(&workspace).copied().unwrap_or(0);
        most_of_one(self.free() + open).saturating_sub(open)
    }

    /// Waits until none is open.
    pub async fn none_left(&self) {
        let all = u32::try_from(OPEN_CALLS_MAX).unwrap_or(u32::MAX);
        drop(self.all.acquire_many(all).await);
    }
}

/// How many one workspace may have, where the others leave it so many: all that it may ever have, or where that is not enough for it and
/// a newcomer, half.
fn most_of_one(left: usize) -> usize {
    if left >= OPEN_CALLS_A_WORKSPACE_MAX + RESERVE { OPEN_CALLS_A_WORKSPACE_MAX } else { left.div_ceil(2) }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        let mut of = self.calls.of.lock();
        if let Some(open) = of.get_mut(&self.workspace) {
            *open -= 1;
            if *open == 0 {
                of.remove(&self.workspace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(raw: i64) -> Id {
        Id::from_i64(raw).unwrap()
    }

    fn open_all(calls: &Arc<OpenCalls>, of: i64) -> Vec<CallPermit> {
        std::iter::from_fn(|| calls.open(workspace(of))).collect()
    }

    #[test]
    fn one_workspace_has_half_and_whoever_comes_later_finds_some() {
        let calls = Arc::new(OpenCalls::new());
        let held: Vec<Vec<CallPermit>> = (1..=8).map(|of| open_all(&calls, of)).collect();
        let counts: Vec<usize> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [256, 128, 64, 32, 16, 8, 4, 2]);
        assert_eq!((calls.free(), calls.free_of(workspace(1)), calls.free_of(workspace(9))), (2, 0, 1));
    }

    #[test]
    fn what_has_ended_is_free_again() {
        let calls = Arc::new(OpenCalls::new());
        let held = open_all(&calls, 1);
        assert!(calls.open(workspace(1)).is_none());
        drop(held);
        assert_eq!((calls.free(), calls.free_of(workspace(1))), (OPEN_CALLS_MAX, OPEN_CALLS_A_WORKSPACE_MAX));
        assert!(calls.of.lock().is_empty());
        assert!(calls.open(workspace(1)).is_some());
    }
}
