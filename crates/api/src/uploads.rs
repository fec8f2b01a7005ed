//! How many files a node takes in at once, which may each come for hours: so many in all, and of one workspace only some of them.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::ids::Id;
use baton_core::limits::{UPLOADS_A_WORKSPACE_MAX, UPLOADS_MAX};
use parking_lot::Mutex;

#[derive(Default)]
pub struct Uploads(Arc<Mutex<HashMap<Id, usize>>>);

/// One file's place; free again when dropped.
pub struct Place {
    uploads: Arc<Mutex<HashMap<Id, usize>>>,
    workspace: Id,
}

impl Uploads {
    /// `None`: others have them all, or the workspace has as many as it may.
    pub fn begin(&self, workspace: Id) -> Option<Place> {
        let mut of = self.0.lock();
        let all: usize = of.values().sum();
        let own = of.get(&workspace).copied().unwrap_or(0);
        if all >= UPLOADS_MAX || own >= UPLOADS_A_WORKSPACE_MAX {
            return None;
        }
        of.insert(workspace, own + 1);
        Some(Place { uploads: self.0.clone(), workspace })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of = self.uploads.lock();
        match of.get_mut(&self.workspace) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(of.remove(&self.workspace)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_workspace_leaves_places_to_others_and_all_come_back() {
        let uploads = Uploads::default();
        let begin = |workspace: i64| uploads.begin(Id::from_i64(workspace).expect("an id"));
        let mut held: Vec<Place> = (0..UPLOADS_A_WORKSPACE_MAX).map(|_| begin(1).expect("a place")).collect();
        assert!(begin(1).is_none());
        held.extend((UPLOADS_A_WORKSPACE_MAX..UPLOADS_MAX).map(|other| begin(100 + other.cast_signed() as i64).expect("a place")));
        assert!(begin(2).is_none(), "there are no more");
        drop(held.remove(0));
        assert!(begin(2).is_some(), "one has ended");
        held.push(begin(1).expect("a place"));
        assert!(begin(1).is_none());
        held.clear();
        assert!(uploads.0.lock().is_empty());
    }
}
