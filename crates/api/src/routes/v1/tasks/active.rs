//! `GET /api/v1/workflows/<w>/tasks/active`: those not in an end stage, otherwise like the list of all.

use axum::http::Method;

use super::{LISTED, UNFIT_FILTERS, listed, stream};
use crate::call::Call;
use crate::openapi::docs::{Docs, Refuses};
use crate::openapi::nouns::TASKS;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/active", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_active_tasks",
        noun: &TASKS,
        title: "List active tasks",
        text: "Those that are not in an end stage; otherwise like the list of all.",
        parameters: LISTED,
        body: None,
        answers: vec![listed()],
        refuses: &[Refuses::Plain(&["key_lacks_right", "list_has_changed"]), Refuses::Fields(UNFIT_FILTERS)],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(stream::tasks(call, true))
}
