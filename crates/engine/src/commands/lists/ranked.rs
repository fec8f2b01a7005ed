//! A search that names no order: first the newest of those that match, the better ones before the others; then what is older, the
//! newest first, which is the order that a list like this has without rank.

use std::sync::Arc;

use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::list::Place;
use baton_core::refusal::Refusal;
use baton_store::StoreError;
use baton_store::list::{self, Ranked};

use super::{Begin, Lister, Mark, Piece, Within};
use crate::cx::{Cx, Outcome};
use crate::rankings::Ranking;

/// Where a page has ended among the ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// As on the first page, so that none passes from the ranked to the others, or back, while somebody goes from page to page.
    pub oldest: Option<Id>,
    pub score: u32,
}

impl Lister {
    pub(super) fn ranked(&mut self, cx: &mut Cx<'_>, begin: &Begin, mark: Option<Mark>) -> Outcome<Piece> {
        let (ranking, passed) = match (begin, mark) {
            (_, Some(mark @ Mark { standing: None, .. })) => return Ok(self.in_order(cx, begin, Some(mark))?),
            (_, Some(Mark { standing: Some(standing), place, within, .. })) => self.again(cx, standing, place.id, within)?,
            (begin, None) => {
                let question = self.question(cx);
                let Ranked { tasks, oldest } = list::ranked(cx.tx, &question)?;
                (self.ranking(cx, tasks, oldest), if let Begin::Offset(offset) = begin { *offset } else { 0 })
            }
        };
        if passed > ranking.tasks.len() {
            // Without rank as many would stand before it.
            return Ok(self.in_order(cx, begin, None)?);
        }
        let ids: Vec<Id> = ranking.tasks.iter().map(|(_, id)| *id).collect();
        let (tasks, done) = self.read_on(cx, &ids, passed)?;
        let piece = Piece { tasks, ..Piece::default() };
        match (ranking.tasks.get(done), ranking.oldest) {
            (None, None) => Ok(piece),
            (None, Some(oldest)) => Ok(self.with_older(cx, piece, oldest, (begin, ids.len()))?),
            (Some(_), oldest) => {
                let by_number = matches!(begin, Begin::Offset(_));
                let next = done.checked_sub(1).filter(|_| !by_number).map(|last| {
                    let (score, id) = ranking.tasks[last];
                    cx.shared.rankings.keep(&ranking);
                    let within = Within { listing: ranking.id, done, held: None };
                    Mark { standing: Some(Standing { oldest, score }), within: Some(within), ..self.older_than(id) }
                });
                Ok(Piece { next, next_offset: Some(done), ..piece })
            }
        }
    }

    /// As they were ranked for the page before, and how many of them are done.
    fn again(&self, cx: &mut Cx<'_>, standing: Standing, last: Id, within: Option<Within>) -> Outcome<(Arc<Ranking>, usize)> {
        if let Some(Within { listing, done, .. }) = within
            && let Some(ranking) = cx.shared.rankings.of_id(listing, &self.matter)
        {
            return Ok((ranking, done));
        }
        let question = self.question(cx);
        let tasks = list::ranked_again(cx.tx, &question, standing.oldest)?.ok_or(Refusal::ListHasChanged)?;
        let passed = tasks.partition_point(|ranked| *ranked >= (standing.score, last));
        Ok((self.ranking(cx, tasks, standing.oldest), passed))
    }

    fn ranking(&self, cx: &mut Cx<'_>, tasks: Vec<(u32, Id)>, oldest: Option<Id>) -> Arc<Ranking> {
        Arc::new(Ranking { id: cx.env.new_id(), matter: self.matter.clone(), tasks, oldest })
    }

    /// The page filled up from what is not ranked.
    fn with_older(&mut self, cx: &mut Cx<'_>, mut piece: Piece, oldest: Id, (begin, ranked): (&Begin, usize)) -> Result<Piece, StoreError> {
        let room = self.limit - piece.tasks.len();
        // If only to see whether there are any.
        self.limit = room.max(1);
        let older = match begin {
            Begin::Offset(_) => self.by_number(cx, ranked)?,
            Begin::Start | Begin::Cursor(_) | Begin::Behind(_) => self.behind(cx, self.older_than(oldest))?,
        };
        if room > 0 {
            piece.tasks.extend(older.tasks);
            return Ok(Piece { tasks: piece.tasks, ..older });
        }
        let there_are = !older.tasks.is_empty();
        let is_old = older.is_old;
        Ok(Piece { next: there_are.then(|| self.older_than(oldest)), next_offset: there_are.then_some(ranked), is_old, ..piece })
    }

    /// Behind a task in the order that a list like this has without rank.
    fn older_than(&self, id: Id) -> Mark {
        self.mark(Place::of_creation(id))
    }
}
