//! Lists of tasks: narrowed, sorted, from any place on. How they are found is the store's business (`baton_store::list`).

mod basis;
mod cursor;
mod ranked;

use std::sync::Arc;

use baton_core::actor::Actor;
use baton_core::condition::Column;
use baton_core::condition::Condition;
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::limits::PAGE_ROWS_MAX;
use baton_core::list::{Columns, Narrowed, Order, Place, SortKey, names_for, narrow, parse_sort};
use baton_core::refusal::Refusal;
use baton_core::task::Task;
use baton_core::words::Search;
use baton_core::workflow::FieldRight;
use baton_store::StoreError;
use baton_store::list::{self, Effort, From, Listing, Question, Searched};

use self::ranked::Standing;
use crate::cx::{Cx, Found, Outcome};
use crate::listings::{Age, Kept, Matter, Sought, Use};

/// What a list was asked for, as it came.
#[derive(Clone, Debug, Default)]
pub struct ListAsk {
    pub narrowed: Narrowed,
    /// Words that each task has.
    pub search: Option<String>,
    /// `-Created On,Company Name`; without it in the order of creation, or where words are looked for by how well they are found.
    pub sort: Option<String>,
    /// The keys to show; without it the usual ones.
    pub fields: Option<String>,
    /// Whether to count all that match.
    pub count: bool,
    /// It becomes a file, for which a role has a right of its own.
    pub exports: bool,
}

/// Where a page begins.
#[derive(Clone, Default)]
pub enum Begin {
    #[default]
    Start,
    /// A text that [`Page::cursor`] gave.
    Cursor(String),
    /// Where an earlier page has ended.
    Behind(Mark),
    /// With the one that so many stand before.
    Offset(usize),
}

/// Where a page has ended.
#[derive(Clone)]
pub struct Mark {
    /// What places rest on, as it was then.
    basis: u64,
    place: Place,
    /// Where it was taken from a listing.
    within: Option<Within>,
    /// Where it has ended among tasks that are ranked.
    standing: Option<Standing>,
}

#[derive(Clone)]
struct Within {
    listing: Id,
    /// So many of it are done.
    done: usize,
    /// The listing itself, for a list that is streamed. A cursor can't hold it.
    held: Option<Arc<Kept>>,
}

pub struct Page {
    pub found: Found,
    pub tasks: Vec<Task>,
    /// The keys to show, where they were named.
    pub columns: Option<Columns>,
    /// Where it goes on, if it does.
    pub next: Option<Mark>,
    /// The same by number, for a page that began so.
    pub next_offset: Option<usize>,
    /// Of all that match.
    pub count: Option<usize>,
    /// Whether it was taken from a listing that somebody should now [`renew`].
    pub is_old: bool,
    sort: Vec<SortKey>,
    ranks: bool,
}

impl Page {
    /// Where it goes on, as a text for callers.
    pub fn cursor(&self) -> Option<String> {
        self.next.as_ref().map(|mark| cursor::write(mark, self.found.workflow.id, (&self.sort, self.ranks)))
    }
}

/// At most `limit` tasks; fewer where they are large.
pub fn page(cx: &mut Cx<'_>, workflow: &str, ask: &ListAsk, begin: &Begin, limit: usize) -> Outcome<Page> {
    let found = cx.workflow(workflow)?;
    if ask.exports && !found.access().may_export() {
        return Err(Refusal::KeyLacksRight { what: format!("export {}", found.workflow.plural) }.into());
    }
    let (matter, columns) = read(ask, &found, cx.actor())?;
    let ranks = ask.search.is_some() && ask.sort.is_none();
    let mark = match begin {
        Begin::Cursor(text) => Some(cursor::read(text, found.workflow.id, (&matter.sort, ranks))?),
        Begin::Behind(mark) => Some(mark.clone()),
        Begin::Start | Begin::Offset(_) => None,
    };
    let basis = basis::of(&matter, ranks);
    if mark.as_ref().is_some_and(|mark| mark.basis != basis) {
        return Err(Refusal::ListHasChanged.into());
    }
    let mut lister = Lister { found, matter, basis, limit };
    // A key is nobody, so nothing is assigned to it.
    let nothing = lister.found.access().sees_assigned_only();
    if nothing && matches!(begin, Begin::Cursor(_) | Begin::Behind(_)) {
        // It has begun with more: to end here would make it look whole.
        return Err(Refusal::ListHasChanged.into());
    }
    let count = match (ask.count, nothing) {
        (false, _) => None,
        (true, true) => Some(0),
        (true, false) => Some(lister.count(cx)?),
    };
    let piece = match (begin, mark) {
        _ if nothing => Piece::default(),
        (begin, mark) if ranks => lister.ranked(cx, begin, mark)?,
        (begin, mark) => lister.in_order(cx, begin, mark)?,
    };
    let Piece { tasks, next, next_offset, is_old } = piece;
    Ok(Page { found: lister.found, tasks, columns, next, next_offset, count, is_old, sort: lister.matter.sort, ranks })
}

/// Makes anew the listing that a page was taken from.
pub fn renew(cx: &mut Cx<'_>, workflow: &str, ask: &ListAsk) -> Outcome<()> {
    let found = cx.workflow(workflow)?;
    let (matter, _) = read(ask, &found, cx.actor())?;
    let basis = basis::of(&matter, false);
    Lister { found, matter, basis, limit: 0 }.make(cx, Use::First)?;
    Ok(())
}

fn read(ask: &ListAsk, found: &Found, performer: Actor) -> Outcome<(Matter, Option<Columns>)> {
    let (workflow, workspace, access) = (&found.workflow, &found.workspace, found.access());
    let names = names_for(workflow, access);
    let condition: Condition = narrow(&ask.narrowed, workflow, workspace, access)?;
    let search = ask.search.as_ref().map(|text| Search::read(text)).transpose()?;
    let sort = match (&ask.sort, &search) {
        (Some(sort), _) => parse_sort(sort, &names)?,
        (None, Some(_)) => vec![SortKey { column: Column::CreatedOn, descending: true }],
        (None, None) => Vec::new(),
    };
    let hidden = || workflow.fields.iter().filter(|field| access.right_to(field) == FieldRight::Hidden).map(|field| field.id).collect();
    let sought = search.map(|search| Sought { search, hidden: hidden() });
    let columns = ask.fields.as_ref().map(|fields| Columns::parse(fields, &names)).transpose()?;
    Ok((Matter { workflow: workflow.clone(), workspace: workspace.clone(), condition, sought, sort, performer }, columns))
}

/// What a page of a listing reads its tasks from.
enum View<'a> {
    /// That in which the listing was made.
    SameAs(&'a Arc<Kept>),
    /// A later one.
    After(&'a Arc<Kept>),
}

/// A task has the time at which its writing began, and is seen once that has ended, on whichever node and by whose clock. What is said to
/// be older than a listing by less than this may be missing in it.
const WRITTEN_WITHIN_MICROS: i64 = 10_000_000;

/// What was found of a page.
#[derive(Default)]
struct Piece {
    tasks: Vec<Task>,
    next: Option<Mark>,
    next_offset: Option<usize>,
    is_old: bool,
}

struct Lister {
    found: Found,
    matter: Matter,
    basis: u64,
    limit: usize,
}

impl Lister {
    fn question(&self, cx: &Cx<'_>) -> Question<'_> {
        Question {
            workspace: &self.found.workspace,
            workflow: &self.found.workflow,
            condition: &self.matter.condition,
            search: self.matter.sought.as_ref().map(|sought| Searched { search: &sought.search, access: self.found.access() }),
            sort: &self.matter.sort,
            performer: self.matter.performer,
            now: cx.env.now(),
            effort: if i64::try_from(self.limit).is_ok_and(|limit| limit <= PAGE_ROWS_MAX) { Effort::PAGE } else { Effort::THROUGH },
        }
    }

    fn count(&self, cx: &mut Cx<'_>) -> Result<usize, StoreError> {
        let question = self.question(cx);
        list::count(cx.tx, &question)
    }

    fn in_order(&mut self, cx: &mut Cx<'_>, begin: &Begin, mark: Option<Mark>) -> Result<Piece, StoreError> {
        match (begin, mark) {
            (Begin::Offset(0), _) => {
                let first = self.first(cx)?;
                Ok(Piece { next_offset: first.next.as_ref().map(|_| first.tasks.len()), ..first })
            }
            (Begin::Offset(offset), _) => self.by_number(cx, *offset),
            (_, Some(mark)) => self.behind(cx, mark),
            (_, None) => self.first(cx),
        }
    }

    /// The first page is always of this moment.
    fn first(&mut self, cx: &mut Cx<'_>) -> Result<Piece, StoreError> {
        let question = self.question(cx);
        if let Some(page) = list::page(cx.tx, &question, From::Start, self.limit)? {
            return Ok(self.found(page));
        }
        let kept = self.make(cx, Use::First)?;
        self.within(cx, View::SameAs(&kept), 0, None)
    }

    /// No task that nobody touches is left out or told twice, wherever the others go.
    fn behind(&mut self, cx: &mut Cx<'_>, mark: Mark) -> Result<Piece, StoreError> {
        if let Some(Within { listing, done, held }) = mark.within {
            let held = held.filter(|held| held.matter == self.matter);
            if let Some(kept) = held.or_else(|| cx.shared.listings.of_id(listing, &self.matter)) {
                return self.within(cx, View::After(&kept), done, Some(mark.place));
            }
        }
        let question = self.question(cx);
        if let Some(page) = list::page(cx.tx, &question, From::After(&mark.place), self.limit)? {
            return Ok(self.found(page));
        }
        let kept = self.make(cx, Use::GoneOn)?;
        let question = self.question(cx);
        let done = kept.listing.up_to(cx.tx, &question, &mark.place)?;
        self.within(cx, View::SameAs(&kept), done, Some(mark.place))
    }

    fn by_number(&mut self, cx: &mut Cx<'_>, offset: usize) -> Result<Piece, StoreError> {
        let question = self.question(cx);
        if let Some(page) = list::page(cx.tx, &question, From::Offset(offset), self.limit)? {
            let next_offset = page.next.as_ref().map(|_| offset + page.tasks.len());
            return Ok(Piece { next_offset, ..self.found(page) });
        }
        let (kept, is_old) = match cx.shared.listings.recent(&self.matter, cx.shared.clock.monotonic()) {
            Some((kept, age)) => (kept, age == Age::Old),
            None => (self.make(cx, Use::First)?, false),
        };
        let ids = &kept.listing.ids;
        let ids = &ids[offset.min(ids.len())..offset.saturating_add(self.limit).min(ids.len())];
        let question = self.question(cx);
        let (tasks, taken) = list::those(cx.tx, &question, ids)?;
        let done = offset.saturating_add(taken);
        Ok(Piece { tasks, next: None, next_offset: (done < kept.listing.ids.len()).then_some(done), is_old })
    }

    /// On from the first `done` of a listing, which end at this place.
    fn within(&self, cx: &mut Cx<'_>, view: View<'_>, done: usize, place: Option<Place>) -> Result<Piece, StoreError> {
        let (kept, settled) = match view {
            View::SameAs(kept) => (kept, None),
            View::After(kept) => (kept, Some(kept.at.plus_micros(-WRITTEN_WITHIN_MICROS))),
        };
        let (tasks, done) = self.read_on(cx, &kept.listing.ids, done)?;
        // Whoever was touched since may have gone elsewhere, which would lead whoever has no such listing astray.
        let stands_there = |task: &&Task| settled.is_none_or(|settled| task.updated_at < settled);
        let last = tasks.iter().rfind(stands_there).map(|task| self.order().place(task)).or(place);
        let next = last.filter(|_| done < kept.listing.ids.len()).map(|place| {
            let within = Within { listing: kept.id, done, held: cx.shared.listings.hold(kept) };
            Mark { within: Some(within), ..self.mark(place) }
        });
        Ok(Piece { tasks, next, ..Piece::default() })
    }

    /// Those from `done` on that still match, and how many are done then. What matches no more is made up for by what comes behind.
    fn read_on(&self, cx: &mut Cx<'_>, ids: &[Id], mut done: usize) -> Result<(Vec<Task>, usize), StoreError> {
        let question = self.question(cx);
        let mut tasks = Vec::new();
        while done < ids.len() && tasks.len() < self.limit {
            let some = &ids[done..(done + self.limit - tasks.len()).min(ids.len())];
            let (read, taken) = list::those(cx.tx, &question, some)?;
            done += taken;
            tasks.extend(read);
            if taken < some.len() {
                break;
            }
        }
        Ok((tasks, done))
    }

    /// A listing of this moment, which is kept where it was much work.
    fn make(&self, cx: &mut Cx<'_>, made_for: Use) -> Result<Arc<Kept>, StoreError> {
        let question = self.question(cx);
        let listing = Listing::new(cx.tx, &question)?;
        let (at, made) = (cx.env.now(), cx.shared.clock.monotonic());
        let kept = Arc::new(Kept { id: cx.env.new_id(), matter: self.matter.clone(), at, made, listing });
        cx.shared.listings.keep(&kept, made_for);
        Ok(kept)
    }

    fn order(&self) -> Order<'_> {
        Order { sort: &self.matter.sort, workflow: &self.found.workflow, workspace: &self.found.workspace }
    }

    fn found(&self, list::Page { tasks, next }: list::Page) -> Piece {
        Piece { tasks, next: next.map(|place| self.mark(place)), ..Piece::default() }
    }

    fn mark(&self, place: Place) -> Mark {
        Mark { basis: self.basis, place, within: None, standing: None }
    }
}
