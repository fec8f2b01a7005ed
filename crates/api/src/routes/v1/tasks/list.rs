//! `GET /api/v1/workflows/<w>/tasks`: all that match, in creation order unless `_sort` says otherwise. Filters are
//! `?<Field>=value` and `_filter`; with `_limit` it is a page.

use axum::http::Method;

use super::{LISTED, UNFIT_FILTERS, listed, stream};
use crate::call::Call;
use crate::openapi::docs::{Docs, Refuses};
use crate::openapi::nouns::TASKS;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_tasks",
        noun: &TASKS,
        title: "List tasks",
        text: "All that match, streamed: a connection that breaks before the closing bracket is a failure, never a short list.",
        parameters: LISTED,
        body: None,
        answers: vec![listed()],
        refuses: &[Refuses::Plain(&["key_lacks_right", "list_has_changed"]), Refuses::Fields(UNFIT_FILTERS)],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(stream::tasks(call, false))
}
