//! The parameters of a list of tasks.

use axum::http::HeaderValue;
use baton_core::list::Narrowed;
use baton_core::refusal::Refusal;
use baton_engine::commands::lists::{Begin, ListAsk, Page};

use crate::query::{Query, bad};

const OURS: &[&str] = &["_limit", "_cursor", "_offset", "_sort", "_search", "_filter", "_fields", "_count", "_format", "_delimiter"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv { delimiter: u8 },
}

pub struct Asked {
    pub list: ListAsk,
    pub begin: Begin,
    pub format: Format,
    /// `None`: all of them.
    pub limit: Option<usize>,
    /// To link to the next page.
    query: Query,
}

impl Asked {
    pub fn read(query: Query, active_only: bool) -> Result<Asked, Refusal> {
        let mut rest = query.clone();
        let ours = rest.take(OURS)?;
        let text = |name: &str| ours.get(name).map(str::to_owned);
        let format = match (ours.get("_format"), ours.delimiter()?) {
            (None | Some("json"), None) => Format::Json,
            (None | Some("json"), Some(_)) => {
                return Err(bad("_delimiter", ours.get("_delimiter").unwrap_or_default(), "one together with _format=csv"));
            }
            (Some("csv"), delimiter) => Format::Csv { delimiter: delimiter.unwrap_or(b',') },
            (Some(other), _) => return Err(bad("_format", other, "json or csv")),
        };
        let narrowed = Narrowed { active_only, columns: rest.columns()?, filter: text("_filter") };
        let list = ListAsk {
            narrowed,
            search: text("_search"),
            sort: text("_sort"),
            fields: text("_fields"),
            count: ours.flag("_count")?,
            exports: format != Format::Json,
        };
        let (limit, begin) = (ours.rows()?, begin(&ours)?);
        if let (Begin::Offset(offset), None) = (&begin, limit) {
            return Err(bad("_offset", &offset.to_string(), "a number together with _limit"));
        }
        Ok(Asked { list, begin, format, limit, query })
    }

    /// The `Link` to the page behind this one, if there is one.
    pub fn link(&self, path: &str, page: &Page) -> Option<HeaderValue> {
        let limit = self.limit?;
        match self.begin {
            Begin::Offset(_) => page.next_offset.map(|offset| self.query.link_to_page(path, limit, "_offset", &offset.to_string())),
            _ => page.cursor().map(|cursor| self.query.link_to_next(path, limit, &cursor)),
        }
    }
}

fn begin(ours: &Query) -> Result<Begin, Refusal> {
    let offset = ours.number_from("_offset", 0, i64::MAX)?;
    match (ours.get("_cursor"), offset) {
        (Some(_), Some(offset)) => Err(bad("_offset", &offset.to_string(), "_offset or _cursor, not both")),
        (Some(cursor), None) => Ok(Begin::Cursor(cursor.to_owned())),
        (None, Some(offset)) => Ok(Begin::Offset(usize::try_from(offset).unwrap_or(usize::MAX))),
        (None, None) => Ok(Begin::Start),
    }
}
