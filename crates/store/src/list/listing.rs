//! All ids that match, in order.

use baton_core::condition::{Column, Condition};
use baton_core::ids::Id;
use baton_core::list::{Place, SortKey};
use baton_core::people::email_key;
use baton_core::value::{Value, exact_key};

use super::Question;
use super::groups::{Groups, groups};
use super::ids::Ids;
use super::matching::{Matching, matching};
use super::rows::{Loaded, each_match};
use super::scan::{self, Run, before, end};
use crate::{Param, StoreError, Tx};

const BLANK: u32 = u32::MAX;
/// To read a task costs as much as so many entries of an index.
const READ_OF: usize = 50;

/// All tasks that match, in order, as they were in one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub ids: Vec<Id>,
    /// All tasks of the workflow at that moment.
    pub looked_through: usize,
}

impl Listing {
    pub fn new(tx: &mut dyn Tx, question: &Question<'_>) -> Result<Listing, StoreError> {
        let Matching { ids, matches } = matching(tx, question)?;
        let count = matches.len();
        // So few are read to put them in order: that costs less than to look at the keys of all.
        let raw: Vec<i64> = if count <= question.effort.few.max(ids.len() / READ_OF) {
            let chosen: Vec<i64> = matches.iter().map(|place| ids.at(place)).collect();
            by_places(tx, question, &chosen)?
        } else {
            let mut places: Vec<u32> = matches.iter().filter_map(|place| u32::try_from(place).ok()).collect();
            sort(tx, question, &ids, &mut places)?;
            places.into_iter().map(|place| ids.at(place as usize)).collect()
        };
        Ok(Listing { ids: raw.into_iter().filter_map(Id::from_i64).collect(), looked_through: ids.len() })
    }

    /// How many stand at or before a place, in the same view that this was made in.
    pub fn up_to(&self, tx: &mut dyn Tx, question: &Question<'_>, place: &Place) -> Result<usize, StoreError> {
        let (mut low, mut high) = (0, self.ids.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let mut found = None;
            each_match(tx, question, &[self.ids[middle].as_i64()], &mut |Loaded { task, .. }| found = Some(question.order().place(&task)))?;
            match found {
                Some(found) if question.compare(&found, place).is_gt() => high = middle,
                Some(_) => low = middle + 1,
                None => return Err(StoreError::Sql(format!("task {} is not what it was a moment ago", self.ids[middle]))),
            }
        }
        Ok(low)
    }
}

fn by_places(tx: &mut dyn Tx, question: &Question<'_>, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut places: Vec<Place> = Vec::with_capacity(ids.len());
    each_match(tx, question, ids, &mut |Loaded { task, .. }| places.push(question.order().place(&task)))?;
    places.sort_unstable_by(|one, other| question.compare(one, other));
    Ok(places.into_iter().map(|place| place.id.as_i64()).collect())
}

fn sort(tx: &mut dyn Tx, question: &Question<'_>, ids: &Ids, places: &mut [u32]) -> Result<(), StoreError> {
    let ranks = question.sort.iter().map(|sort| ranks(tx, question, *sort, ids)).collect::<Result<Vec<_>, _>>()?;
    if ranks.is_empty() {
        return Ok(());
    }
    places.sort_unstable_by(|one, other| {
        let mut keys = ranks.iter().map(|ranks| ranks[*one as usize].cmp(&ranks[*other as usize]));
        keys.find(|order| order.is_ne()).unwrap_or(one.cmp(other))
    });
    Ok(())
}

/// Of each id the place of its key among all keys of a column.
fn ranks(tx: &mut dyn Tx, question: &Question<'_>, sort: SortKey, ids: &Ids) -> Result<Vec<u32>, StoreError> {
    let workflow = question.workflow.id;
    let mut ranks = vec![BLANK; ids.len()];
    let mut give = |id: i64, rank: u32| {
        // Of several options the first counts.
        if let Some(place) = ids.place(id) {
            ranks[place] = ranks[place].min(rank);
        }
    };
    let ascending = SortKey { descending: false, ..sort };
    let everything = Question { condition: &Condition::All(Vec::new()), ..*question };
    match groups(&everything, ascending) {
        Groups::Creation => (0u32..).zip(&mut ranks).for_each(|(place, rank)| *rank = place),
        Groups::Known(known) => {
            for (rank, group) in (0u32..).zip(known) {
                if group.run != Run::All {
                    scan::each_id(tx, workflow, &group.run, &mut |id| give(id, rank))?;
                }
            }
        }
        Groups::Scanned { field, .. } => {
            let (mut rank, mut last) = (0, String::new());
            scan::each_entry(tx, (workflow, field), (&before(""), &end()), &mut |entry| {
                if entry.sort != last {
                    rank += 1;
                    entry.sort.clone_into(&mut last);
                }
                give(entry.task, rank);
                Ok(())
            })?;
        }
        Groups::Unknown => ranks = read_ranks(tx, question, sort.column, ids)?,
    }
    if sort.descending {
        ranks.iter_mut().filter(|rank| **rank != BLANK).for_each(|rank| *rank = BLANK - 1 - *rank);
    }
    Ok(ranks)
}

/// Of columns that no index has, and of people where they are many.
fn read_ranks(tx: &mut dyn Tx, question: &Question<'_>, column: Column, ids: &Ids) -> Result<Vec<u32>, StoreError> {
    let mut keys: Vec<Option<String>> = vec![None; ids.len()];
    if let Column::Field(field) = column {
        scan::each_entry(tx, (question.workflow.id, field), (&before(""), &end()), &mut |entry| {
            if let Some(place) = ids.place(entry.task) {
                keys[place] = entry.sort.parse().ok().and_then(|user| email(question, user));
            }
            Ok(())
        })?;
    } else {
        read_keys(tx, question, column, ids, &mut keys)?;
    }
    let mut known: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let rank =
        |key: &Option<String>| key.as_deref().and_then(|key| known.binary_search(&key).ok()).and_then(|rank| u32::try_from(rank).ok());
    Ok(keys.iter().map(|key| rank(key).unwrap_or(BLANK)).collect())
}

fn read_keys(tx: &mut dyn Tx, question: &Question<'_>, column: Column, ids: &Ids, keys: &mut [Option<String>]) -> Result<(), StoreError> {
    const READ_AT_ONCE: i64 = 20_000;
    let sql = "SELECT id, updated_at, assignee_id, created_by_kind, created_by_id FROM tasks
        WHERE workflow_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let mut last = -1;
    loop {
        let mut read = 0;
        tx.rows(sql, &[question.workflow.id.into(), last.into(), Param::Int(READ_AT_ONCE)], &mut |row| {
            last = row.int(0)?;
            read += 1;
            let Some(place) = ids.place(last) else { return Ok(()) };
            keys[place] = match column {
                Column::UpdatedOn => Some(exact_key(&Value::DateTime(row.time(1)?))),
                Column::AssignedTo => row.opt_id(2)?.and_then(|user| email(question, user)),
                Column::CreatedBy => row.actor(3)?.user().and_then(|user| email(question, user)),
                Column::Stage | Column::CreatedOn | Column::Field(_) => None,
            };
            Ok(())
        })?;
        if read < READ_AT_ONCE {
            return Ok(());
        }
    }
}

fn email(question: &Question<'_>, user: Id) -> Option<String> {
    question.workspace.user(user).map(|user| email_key(&user.email))
}
