//! Which keys of a task are shown: `_fields=Stage,Name`.

use std::collections::BTreeSet;

use crate::condition::{Column, Names, split_commas};
use crate::refusal::{Refusal, Refusals};

/// The keys named and no others; in which order they come is the business of who shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub task_url: bool,
    pub columns: BTreeSet<Column>,
}

impl Columns {
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Columns, Refusals> {
        let items = split_commas(text);
        if items.iter().any(String::is_empty) {
            let allowed = "names of columns with commas between them".to_owned();
            return Err(Refusal::BadParameter { name: "_fields".to_owned(), value: text.to_owned(), allowed }.into());
        }
        let (mut named, mut refusals) = (Columns::default(), Vec::new());
        for item in &items {
            let refused = |reason: Refusal| Refusal::FieldRefused { field: item.clone(), reason: Box::new(reason) };
            let new = match (item.as_str(), names.column(item)) {
                ("Task URL", _) => !std::mem::replace(&mut named.task_url, true),
                (_, Some((column, _))) => named.columns.insert(column),
                (_, None) => {
                    refusals.push(refused(Refusal::IsNotAField));
                    continue;
                }
            };
            if !new {
                refusals.push(refused(Refusal::IsNamedTwice));
            }
        }
        if refusals.is_empty() { Ok(named) } else { Err(Refusals::Fields([("_fields".to_owned(), refusals)].into())) }
    }

    pub fn has(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }
}
