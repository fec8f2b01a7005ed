//! Listings that were much work, kept for a while: a page by number deep in a long list is answered from one that may be some
//! seconds old. Nothing is decided by them: what they name is read afresh, and left out where it no longer matches.

use std::sync::Arc;
use std::time::Duration;

use baton_core::actor::Actor;
use baton_core::condition::Condition;
use baton_core::ids::Id;
use baton_core::list::SortKey;
use baton_core::people::Workspace;
use baton_core::words::Search;
use baton_core::workflow::Workflow;
use baton_store::list::Listing;
use parking_lot::Mutex;

/// All that are kept together: a million tasks take 8 MiB.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// However small they are.
const KEPT_MAX: usize = 64;
/// Of workflows with fewer tasks they are made each time, and so are always of the moment.
const LOOKED_THROUGH_MIN: usize = 10_000;
/// Older ones are made anew behind whoever asks, and much older ones before the answer.
const YOUNG: Duration = Duration::from_secs(3);
const OLD: Duration = Duration::from_secs(30);

/// What a listing is of.
#[derive(Clone)]
pub(crate) struct Matter {
    pub workflow: Arc<Workflow>,
    pub workspace: Arc<Workspace>,
    pub condition: Condition,
    pub sought: Option<Sought>,
    pub sort: Vec<SortKey>,
    /// Whom the condition may mean by the current user.
    pub performer: Actor,
}

/// Words, and in which fields they are not looked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    pub search: Search,
    pub hidden: Vec<Id>,
}

impl PartialEq for Matter {
    /// Another revision, or other people, are other ones in memory.
    fn eq(&self, other: &Matter) -> bool {
        Arc::ptr_eq(&self.workflow, &other.workflow)
            && Arc::ptr_eq(&self.workspace, &other.workspace)
            && self.performer.user() == other.performer.user()
            && self.sort == other.sort
            && self.condition == other.condition
            && self.sought == other.sought
    }
}

pub(crate) struct Kept {
    pub id: Id,
    pub matter: Matter,
    /// By the node's own clock.
    pub made: Duration,
    pub listing: Listing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Young,
    /// Told to one of those who ask: it should make another.
    Old,
}

/// The last used comes last.
#[derive(Default)]
pub(crate) struct Listings {
    kept: Mutex<Vec<Shelved>>,
}

struct Shelved {
    kept: Arc<Kept>,
    /// Somebody makes another.
    being_renewed: bool,
}

impl Kept {
    fn bytes(&self) -> usize {
        size_of_val(self.listing.ids())
    }
}

impl Listings {
    pub fn keep(&self, new: Arc<Kept>) {
        if new.listing.looked_through() < LOOKED_THROUGH_MIN {
            return;
        }
        let mut shelf = self.kept.lock();
        // The one before may still be gone through, by whoever has a cursor; it goes when its place is wanted.
        shelf.push(Shelved { kept: new, being_renewed: false });
        let (mut bytes, mut count) = (shelf.iter().map(|shelved| shelved.kept.bytes()).sum::<usize>(), shelf.len());
        let first_to_stay = shelf.iter().position(|oldest| {
            let fits = bytes <= KEPT_BYTES_MAX && count <= KEPT_MAX;
            (bytes, count) = (bytes - oldest.kept.bytes(), count - 1);
            fits
        });
        let too_many = first_to_stay.unwrap_or(shelf.len());
        shelf.drain(..too_many);
    }

    /// The very listing that a page was taken from.
    pub fn of_id(&self, id: Id, matter: &Matter) -> Option<Arc<Kept>> {
        let mut shelf = self.kept.lock();
        let place = shelf.iter().position(|shelved| shelved.kept.id == id && shelved.kept.matter == *matter)?;
        let shelved = shelf.remove(place);
        let kept = shelved.kept.clone();
        shelf.push(shelved);
        Some(kept)
    }

    /// The youngest, if it is not too old.
    pub fn recent(&self, matter: &Matter, now: Duration) -> Option<(Arc<Kept>, Age)> {
        let mut shelf = self.kept.lock();
        let of_matter = shelf.iter().enumerate().filter(|(_, shelved)| shelved.kept.matter == *matter);
        let (place, _) = of_matter.max_by_key(|(_, shelved)| shelved.kept.made)?;
        let mut shelved = shelf.remove(place);
        let (kept, old) = (shelved.kept.clone(), now.saturating_sub(shelved.kept.made));
        let age = if old > YOUNG && !std::mem::replace(&mut shelved.being_renewed, old > YOUNG) { Age::Old } else { Age::Young };
        shelf.push(shelved);
        (old <= OLD).then_some((kept, age))
    }
}
