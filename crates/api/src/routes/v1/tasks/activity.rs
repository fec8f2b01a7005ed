//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/activity`: oldest first, `_limit` rows a page, with a `Link` to the
//! next page where there is one.

use axum::http::Method;
use axum::http::header::LINK;
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_engine::commands::activity::{self, ActivityRow};

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::TASKS;
use crate::openapi::parameters::{CURSOR, LIMIT, NEXT_PAGE};
use crate::openapi::schemas;
use crate::query::{Query, bad};
use crate::route::{Handled, Policy, Route};
use crate::show::history::shown_row;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/activity", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_activity",
        noun: &TASKS,
        title: "Show the history of a task",
        text: "Oldest first. Names are today's; what has been removed since is shown by its id.",
        parameters: &[LIMIT, CURSOR],
        body: None,
        answers: vec![Done::json(200, "A page of it.", schemas::list_of(schemas::of("Activity"))).may_have(&[NEXT_PAGE])],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_limit", "_cursor"])?;
        let limit = query.page_rows()?;
        let after = after(&query)?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        // One more than asked for tells whether there is a next page.
        let mut history = call.read(move |cx| activity::of_task(cx, &workflow, &task, after, limit + 1)).await?;
        let more = history.rows.len() > limit;
        history.rows.truncate(limit);
        let mut response = ok(&history.rows.iter().map(|row| shown_row(row, &history)).collect::<Vec<_>>())?;
        if let Some(last) = history.rows.last().filter(|_| more) {
            response.headers_mut().insert(LINK, query.link_to_next(call.head.uri.path(), limit, &cursor(last)));
        }
        Ok(response)
    })
}

/// The place of a row in the task's own order.
fn cursor(row: &ActivityRow) -> String {
    format!("{}.{}", row.activity.version, row.activity.id)
}

fn after(query: &Query) -> Result<Option<(i64, Id)>, Refusal> {
    let Some(cursor) = query.get("_cursor") else { return Ok(None) };
    let parts = cursor.split_once('.').and_then(|(version, id)| Some((version.parse().ok()?, id.parse().ok()?)));
    parts.map(Some).ok_or_else(|| bad("_cursor", cursor, "a cursor from a Link header"))
}
