//! How many calls a node has under way: so many in all, and of one workspace at most half of them.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::ids::Id;
use baton_core::limits::{OPEN_CALLS_A_WORKSPACE_MAX, OPEN_CALLS_MAX};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
        let open = of.entry(workspace).or_insert(0);
        if *open >= OPEN_CALLS_A_WORKSPACE_MAX {
            return None;
        }
        let permit = self.all.clone().try_acquire_owned().ok();
        match permit {
            Some(permit) => {
                *open += 1;
                Some(CallPermit { calls: self.clone(), workspace, _one_of_all: permit })
            }
            None => {
                of.retain(|_, open| *open > 0);
                None
            }
        }
    }

    pub fn free(&self) -> usize {
        self.all.available_permits()
    }

    pub fn free_of(&self, workspace: Id) -> usize {
        OPEN_CALLS_A_WORKSPACE_MAX - self.of.lock().get(&workspace).copied().unwrap_or(0)
    }

    /// Waits until none is open.
    pub async fn none_left(&self) {
        let all = u32::try_from(OPEN_CALLS_MAX).unwrap_or(u32::MAX);
        drop(self.all.acquire_many(all).await);
    }
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
