//! `GET /api/v1/workflows/<w>/executions`: newest first, `_limit` rows a page, with a `Link` to the next page where there is one.

use axum::http::Method;
use axum::http::header::LINK;
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_core::time::Timestamp;
use baton_engine::commands::executions::{self, Asked, InList, StatusIs};
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Parameter, Takes};
use crate::openapi::nouns::EXECUTIONS;
use crate::openapi::parameters::{CURSOR, LIMIT, NEXT_PAGE, of_query};
use crate::openapi::schemas;
use crate::query::{Query, bad};
use crate::route::{Handled, Policy, Route};
use crate::show::execution::shown_errors;
use crate::show::{as_text, as_text_if_any};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/executions", policy: Policy::Read, handle, docs };

const TASK: Parameter = of_query("_task", Takes::Text, "Only those of the task: a Unique ID or a public id.", "678");
const ACTION: Parameter = of_query("_action", Takes::Text, "Only those of the action, by its id.", "edHR10");
const STATUS: Parameter = of_query("_status", Takes::OneOf(&["Pending", "Success", "Fail"]), "Only those with the status.", "Fail");

fn docs() -> Docs {
    Docs {
        id: "list_executions",
        noun: &EXECUTIONS,
        title: "List executions",
        text: "Newest first.",
        parameters: &[TASK, ACTION, STATUS, LIMIT, CURSOR],
        body: None,
        answers: vec![Done::json(200, "A page of them.", schemas::list_of(schemas::of("ListedExecution"))).may_have(&[NEXT_PAGE])],
        refuses: &[],
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    id: Id,
    status: &'static str,
    /// The public one, which stays.
    task_id: Id,
    action_id: Id,
    action: Option<&'a str>,
    performed_by: Option<&'a str>,
    retry_of: Option<Id>,
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[serde(serialize_with = "as_text_if_any")]
    finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<&'a str>>,
}

impl<'a> From<&'a InList> for Listed<'a> {
    fn from(InList { execution, action, performed_by }: &'a InList) -> Listed<'a> {
        Listed {
            id: execution.id,
            status: execution.status.name(),
            task_id: execution.task,
            action_id: execution.action,
            action: action.as_deref(),
            performed_by: performed_by.as_deref(),
            retry_of: execution.retry_of,
            created_at: execution.created_at,
            finished_at: execution.status.finished_at(),
            errors: shown_errors(&execution.status),
        }
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_task", "_action", "_status", "_limit", "_cursor"])?;
        let (asked, limit) = (asked(&query)?, query.page_rows()?);
        let before = id(&query, "_cursor", "a cursor from a Link header")?;
        let workflow = call.part("workflow");
        // One more than asked for tells whether there is a next page.
        let mut page = call.read(move |cx| executions::list(cx, &workflow, &asked, before, limit + 1)).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let mut response = ok(&page.iter().map(Listed::from).collect::<Vec<_>>())?;
        if let Some(last) = page.last().filter(|_| more) {
            let next = query.link_to_next(call.head.uri.path(), limit, &last.execution.id.to_string());
            response.headers_mut().insert(LINK, next);
        }
        Ok(response)
    })
}

fn asked(query: &Query) -> Result<Asked, Refusal> {
    let status = match query.get("_status") {
        None => None,
        Some("Pending") => Some(StatusIs::Pending),
        Some("Success") => Some(StatusIs::Success),
        Some("Fail") => Some(StatusIs::Fail),
        Some(other) => return Err(bad("_status", other, "Pending, Success or Fail")),
    };
    Ok(Asked { task: query.get("_task").map(str::to_owned), action: id(query, "_action", "the id of an action")?, status })
}

fn id(query: &Query, name: &str, allowed: &str) -> Result<Option<Id>, Refusal> {
    let read = |text: &str| text.parse().map_err(|_| bad(name, text, allowed));
    query.get(name).map(read).transpose()
}
