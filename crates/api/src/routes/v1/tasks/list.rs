//! `GET /api/v1/workflows/<w>/tasks`: all that match, in creation order unless `_sort` says otherwise. Filters are
//! `?<Field>=value` and `_filter`; with `_limit` it is a page.

use axum::http::Method;

use super::stream;
use crate::call::Call;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks", policy: Policy::Read, handle };

fn handle(call: Call) -> Handled {
    Box::pin(stream::tasks(call, false))
}
