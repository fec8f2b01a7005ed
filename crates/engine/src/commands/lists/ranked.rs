//! A search that names no order: first the newest of those that match, the better ones before the others; then what is older, the
//! newest first, which is the order that a list like this has without rank.

use baton_core::ids::Id;
use baton_core::list::Place;
use baton_store::StoreError;
use baton_store::list::{self, Ranked};

use super::{Begin, Lister, Mark, Piece};
use crate::cx::Cx;

/// Where a page has ended among the ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// As on the first page, so that none passes from the ranked to the others, or back, while somebody goes from page to page.
    pub oldest: Option<Id>,
    pub score: u32,
}

impl Lister {
    pub(super) fn ranked(&mut self, cx: &mut Cx<'_>, begin: &Begin, mark: Option<Mark>) -> Result<Piece, StoreError> {
        let standing = match mark {
            Some(Mark { standing: None, .. }) => return self.in_order(cx, begin, mark),
            Some(Mark { standing: Some(standing), place, .. }) => Some((standing, place.id)),
            None => None,
        };
        let question = self.question(cx);
        let Ranked { tasks, oldest } = list::ranked(cx.tx, &question, standing.map(|(standing, _)| standing.oldest))?;
        let passed = match (begin, standing) {
            (Begin::Offset(offset), _) => *offset,
            (_, Some((standing, id))) => tasks.partition_point(|ranked| *ranked >= (standing.score, id)),
            (_, None) => 0,
        };
        if passed > tasks.len() {
            // Without rank as many would stand before it.
            return self.in_order(cx, begin, None);
        }
        let behind = &tasks[passed..];
        let ids: Vec<Id> = behind.iter().take(self.limit).map(|(_, id)| *id).collect();
        let (found, taken) = list::those(cx.tx, &question, &ids)?;
        match (behind.get(taken), oldest) {
            (None, None) => Ok(Piece { tasks: found, ..Piece::default() }),
            (None, Some(oldest)) => self.with_older(cx, Piece { tasks: found, ..Piece::default() }, oldest, (begin, tasks.len())),
            (Some(_), _) => {
                let last = taken.checked_sub(1).map(|last| behind[last]);
                let next = last.map(|(score, id)| Mark { standing: Some(Standing { oldest, score }), ..self.older_than(id) });
                Ok(Piece { tasks: found, next, next_offset: Some(passed + taken), is_old: false })
            }
        }
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
        Ok(Piece { next: there_are.then(|| self.older_than(oldest)), next_offset: there_are.then_some(ranked), ..piece })
    }

    /// Behind a task in the order that a list like this has without rank.
    fn older_than(&self, id: Id) -> Mark {
        self.mark(Place::of_creation(id))
    }
}
