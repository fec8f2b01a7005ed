//! `GET /api/v1/workflows/<w>/imports/<id>/errors`: the rows that were not imported, as a CSV with the line of each and what is wrong with
//! it, to be mended and imported again.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Response};
use baton_core::csv::{ERRORS_COLUMN, LINE_COLUMN, write_row};
use baton_core::refusal::Refusal;
use baton_engine::commands::imports::{self, Import, Left};
use baton_engine::{Ask, Outcome};
use bytes::Bytes;

use crate::app::App;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Format, Header, Refuses};
use crate::openapi::nouns::IMPORTS;
use crate::openapi::parameters::DELIMITER;
use crate::openapi::schemas;
use crate::problem::Problem;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::streamed::{self, Next};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/imports/{import}/errors", policy: Policy::Read, handle, docs };

const DISPOSITION: Header =
    Header { name: "Content-Disposition", text: "The name of the file.", example: "attachment; filename=\"import-1mp0rt-errors.csv\"" };

fn docs() -> Docs {
    Docs {
        id: "get_import_errors",
        noun: &IMPORTS,
        title: "What was not imported",
        text: "The rows that are not in, as a CSV: the line of each, its cells, and what is wrong with it. Mended, it is a file to import. An \
               import that has ended keeps them for 7 days. The key's role must allow to import, and see every field and task unless the import is its own.",
        parameters: &[DELIMITER],
        body: None,
        answers: vec![
            Done::json(200, "The rows; none where all are in.", schemas::text())
                .in_format(Format::Texts(&["text/csv"]))
                .with(&[DISPOSITION])
                .like("_Line,ID,Email,_Errors\r\n2,900,minerva,Email is invalid\r\n".into()),
        ],
        refuses: &[Refuses::Plain(&["key_lacks_right", "rows_gone"])],
    }
}

#[derive(Clone)]
struct Asked {
    app: Arc<App>,
    ask: Ask,
    workflow: String,
    import: String,
    delimiter: u8,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_delimiter"])?;
        let (workflow, import) = (call.part("workflow"), call.part("import"));
        let delimiter = query.delimiter()?.unwrap_or(b',');
        file(Asked { app: call.app.clone(), ask: call.ask(), workflow, import, delimiter }).await
    })
}

async fn file(asked: Asked) -> Result<Response<Body>, Problem> {
    let (import, left) = asked.read(0).await?;
    let (mut first, delimiter) = (Vec::new(), asked.delimiter);
    write_row(&mut first, delimiter, [LINE_COLUMN].into_iter().chain(own(&import, &import.header)).chain([ERRORS_COLUMN]));
    let next = left.map(|left| {
        write(&mut first, delimiter, &import, &left);
        asked.after(left.number)
    });
    let mut response = reply::csv(&format!("import {} errors", import.id));
    *response.body_mut() = streamed::body(first.into(), next);
    Ok(response)
}

impl Asked {
    async fn read(&self, after: i64) -> Outcome<(Import, Option<Left>)> {
        let Asked { app, ask, workflow, import, .. } = self.clone();
        app.read_long(ask, move |cx| imports::left(cx, &workflow, &import, after)).await
    }

    fn after(self, after: i64) -> Next {
        Next::new(async move {
            let (import, left) = self.read(after).await?;
            let Some(left) = left else { return Ok((Bytes::new(), None)) };
            let mut piece = Vec::new();
            write(&mut piece, self.delimiter, &import, &left);
            Ok((piece.into(), Some(self.after(left.number))))
        })
    }
}

/// Cells of the file's own columns: it may be such a file itself.
fn own<'a>(import: &'a Import, cells: &'a [String]) -> impl Iterator<Item = &'a str> {
    let names = import.header.iter().zip(cells);
    names.filter(|(name, _)| ![LINE_COLUMN, ERRORS_COLUMN].contains(&name.as_str())).map(|(_, cell)| cell.as_str())
}

fn write(out: &mut Vec<u8>, delimiter: u8, import: &Import, left: &Left) {
    let (held_back, not_reached) = (Refusal::RowHeldBack.to_string(), Refusal::RowNotReached.to_string());
    for (place, row) in left.rows.iter().enumerate() {
        let error = match &left.errors {
            Some(errors) => errors.get(place).cloned().flatten().unwrap_or_else(|| held_back.clone()),
            None => not_reached.clone(),
        };
        let line = row.line.to_string();
        write_row(out, delimiter, [line.as_str()].into_iter().chain(own(import, &row.cells)).chain([error.as_str()]));
    }
}
