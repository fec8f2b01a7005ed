//! Listings that were much work, kept for a while: a page by number deep in a long list is answered from one that may be some
//! seconds old. Nothing is decided by them: what they name is read afresh, and left out where it no longer matches.

use std::sync::Arc;
use std::time::Duration;

use baton_core::actor::Actor;
use baton_core::condition::Condition;
use baton_core::ids::Id;
use baton_core::list::SortKey;
use baton_core::people::Workspace;
use baton_core::time::Timestamp;
use baton_core::words::Search;
use baton_core::workflow::Workflow;
use baton_store::list::Listing;
use parking_lot::Mutex;

/// All that are kept together: a million tasks take 8 MiB.
const KEPT_BYTES_MAX: usize = 32 << 20;
/// However small they are.
const KEPT_MAX: usize = 64;
/// Of these, what those hold who go through a list. However slow they are, there is room for others.
const HELD_BYTES_MAX: usize = 24 << 20;
const HELD_MAX: usize = 32;
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
    /// What was changed later, it does not know.
    pub at: Timestamp,
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

/// What a listing was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A first page, or one by its number.
    First,
    /// Whoever goes on through a list.
    GoneOn,
}

/// The last used comes last.
#[derive(Default)]
pub(crate) struct Listings {
    kept: Mutex<Vec<Shelved>>,
}

struct Shelved {
    kept: Arc<Kept>,
    last_use: Use,
    /// Somebody makes another.
    being_renewed: bool,
}

impl Shelved {
    /// Its memory is free only when nobody has it in hand.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.kept) > 1
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        size_of_val(&*self.listing.ids)
    }
}

impl Listings {
    /// The new one always stays, as whoever made it has it in hand.
    pub fn keep(&self, new: &Arc<Kept>, made_for: Use) {
        if new.listing.looked_through < LOOKED_THROUGH_MIN {
            return;
        }
        let mut shelf = self.kept.lock();
        // One that nobody has gone on in says nothing that the new one does not say better.
        shelf.retain(|other| other.is_held() || other.last_use == Use::GoneOn || other.kept.matter != new.matter);
        shelf.push(Shelved { kept: new.clone(), last_use: made_for, being_renewed: false });
        let (mut bytes, mut count) = (shelf.iter().map(|shelved| shelved.kept.bytes()).sum::<usize>(), shelf.len());
        shelf.retain(|oldest| {
            let stays = oldest.is_held() || (bytes <= KEPT_BYTES_MAX && count <= KEPT_MAX);
            if !stays {
                (bytes, count) = (bytes - oldest.kept.bytes(), count - 1);
            }
            stays
        });
    }

    /// For whoever goes through it to the end, so that no other listings push it out; `None` where so much is held already.
    pub fn hold(&self, kept: &Arc<Kept>) -> Option<Arc<Kept>> {
        let shelf = self.kept.lock();
        let (mine, others): (Vec<&Shelved>, Vec<&Shelved>) = shelf.iter().partition(|shelved| Arc::ptr_eq(&shelved.kept, kept));
        let held: Vec<usize> = others.into_iter().filter(|other| other.is_held()).map(|other| other.kept.bytes()).collect();
        let fits = held.is_empty() || (held.len() < HELD_MAX && held.iter().sum::<usize>() + kept.bytes() <= HELD_BYTES_MAX);
        (fits && !mine.is_empty()).then(|| kept.clone())
    }

    /// The very listing that a page was taken from.
    pub fn of_id(&self, id: Id, matter: &Matter) -> Option<Arc<Kept>> {
        let mut shelf = self.kept.lock();
        let place = shelf.iter().position(|shelved| shelved.kept.id == id && shelved.kept.matter == *matter)?;
        let shelved = shelf.remove(place);
        let kept = shelved.kept.clone();
        shelf.push(Shelved { last_use: Use::GoneOn, ..shelved });
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

#[cfg(test)]
mod tests {
    use baton_core::actor::Actor;
    use baton_core::definition;
    use baton_core::time::zone;

    use super::*;

    const MILLION: usize = 1 << 20;

    fn id(raw: usize) -> Id {
        Id::from_i64(i64::try_from(raw).expect("small")).expect("not negative")
    }

    /// Of a workflow of its own.
    fn matter(number: usize) -> Matter {
        let document = definition::read_stored(r#"{ "name": "W", "stages": [{ "id": "1", "name": "Open" }] }"#).expect("a definition");
        let workflow = definition::compile(id(number), 1, &document).expect("it is sound");
        let utc = zone("UTC").expect("it is known");
        let workspace = Workspace::new(id(1), "Acme".to_owned(), utc, None, Vec::new(), Vec::new());
        Matter {
            workflow: Arc::new(workflow),
            workspace: Arc::new(workspace),
            condition: Condition::All(Vec::new()),
            sought: None,
            sort: Vec::new(),
            performer: Actor::Operator,
        }
    }

    fn listing(number: usize, matter: &Matter, tasks: usize) -> Arc<Kept> {
        let listing = Listing { ids: vec![id(7); tasks], looked_through: tasks };
        Arc::new(Kept { id: id(number), matter: matter.clone(), at: Timestamp::from_micros(0), made: Duration::ZERO, listing })
    }

    impl Listings {
        fn numbers(&self) -> Vec<i64> {
            self.kept.lock().iter().map(|shelved| shelved.kept.id.as_i64()).collect()
        }
    }

    #[test]
    fn one_that_is_larger_than_the_shelf_stays_until_there_is_another() {
        let (shelf, all) = (Listings::default(), [matter(0), matter(1), matter(2)]);
        shelf.keep(&listing(0, &all[0], MILLION), Use::First);
        shelf.keep(&listing(1, &all[1], 5 * MILLION), Use::First);
        assert_eq!(shelf.numbers(), [1]);
        assert!(shelf.of_id(id(1), &all[1]).is_some());
        shelf.keep(&listing(2, &all[2], MILLION), Use::First);
        assert_eq!(shelf.numbers(), [2]);
    }

    #[test]
    fn who_goes_through_a_list_holds_its_listing_while_there_is_room_for_others() {
        let shelf = Listings::default();
        let holding: Vec<Option<Arc<Kept>>> = (0..9)
            .map(|number| {
                let kept = listing(number, &matter(number), MILLION);
                shelf.keep(&kept, Use::First);
                shelf.hold(&kept)
            })
            .collect();
        assert_eq!(holding.iter().map(Option::is_some).collect::<Vec<_>>(), [[true; 3], [false; 3], [false; 3]].concat());
        assert_eq!(shelf.numbers(), [0, 1, 2, 8]);
        let again = shelf.hold(holding[1].as_ref().expect("it is held"));
        assert!(again.is_some(), "many may hold the same");
        drop((holding, again));
        for number in 9..13 {
            shelf.keep(&listing(number, &matter(number), MILLION), Use::First);
        }
        assert_eq!(shelf.numbers(), [9, 10, 11, 12], "what is let go makes room");
        let large = listing(13, &matter(13), 5 * MILLION);
        shelf.keep(&large, Use::First);
        assert!(shelf.hold(&large).is_some(), "where nobody holds another it may be as large as it is");
    }

    #[test]
    fn a_first_page_makes_room_of_those_before_it() {
        let (shelf, matter, other) = (Listings::default(), matter(1), matter(2));
        let small = |number, matter: &Matter| listing(number, matter, LOOKED_THROUGH_MIN);
        shelf.keep(&small(0, &other), Use::First);
        shelf.keep(&small(1, &matter), Use::First);
        shelf.keep(&small(2, &matter), Use::First);
        assert_eq!(shelf.numbers(), [0, 2]);
        assert!(shelf.of_id(id(2), &matter).is_some());
        let held = small(3, &matter);
        shelf.keep(&held, Use::First);
        shelf.keep(&small(4, &matter), Use::GoneOn);
        shelf.keep(&small(5, &matter), Use::First);
        assert_eq!(shelf.numbers(), [0, 2, 3, 4, 5], "those that somebody holds, or goes on in, stay");
        drop(held);
        shelf.keep(&small(6, &matter), Use::First);
        assert_eq!(shelf.numbers(), [0, 2, 4, 6]);
    }

    #[test]
    fn a_listing_of_few_is_made_each_time() {
        let (shelf, matter) = (Listings::default(), matter(1));
        let few = listing(0, &matter, LOOKED_THROUGH_MIN - 1);
        shelf.keep(&few, Use::First);
        assert_eq!(shelf.numbers(), [0; 0]);
        assert!(shelf.hold(&few).is_none());
    }
}
