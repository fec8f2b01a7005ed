//! How many files a node takes in at once, which may each come for hours: so many in all, and of one workspace only some of them.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::ids::Id;
use baton_core::limits::{UPLOADS_A_WORKSPACE_MAX, UPLOADS_MAX};
use baton_core::refusal::Refusal;
use parking_lot::Mutex;

use crate::problem::Problem;

#[derive(Default)]
pub struct Uploads(Arc<Mutex<HashMap<Id, usize>>>);

/// One file's place; free again when dropped.
pub struct Place {
    uploads: Arc<Mutex<HashMap<Id, usize>>>,
    workspace: Id,
}

impl Uploads {
    pub fn begin(&self, workspace: Id) -> Result<Place, Problem> {
        let mut of = self.0.lock();
        let all: usize = of.values().sum();
        let own = of.get(&workspace).copied().unwrap_or(0);
        if own >= UPLOADS_A_WORKSPACE_MAX {
            return Err(Refusal::TooManyUploads.into());
        }
        if all >= UPLOADS_MAX {
            return Err(Problem::NoPlace);
        }
        of.insert(workspace, own + 1);
        Ok(Place { uploads: self.0.clone(), workspace })
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
        let own = |full: Result<Place, Problem>| matches!(full, Err(Problem::Request(told)) if told == Refusal::TooManyUploads.into());
        assert!(own(begin(1)));
        held.extend((UPLOADS_A_WORKSPACE_MAX..UPLOADS_MAX).map(|other| begin(100 + other.cast_signed() as i64).expect("a place")));
        assert!(matches!(begin(2), Err(Problem::NoPlace)), "there are no more");
        assert!(own(begin(1)), "its own are told first");
        drop(held.remove(0));
        assert!(begin(2).is_ok(), "one has ended");
        held.push(begin(1).expect("a place"));
        assert!(own(begin(1)));
        held.clear();
        assert!(uploads.0.lock().is_empty());
    }
}
