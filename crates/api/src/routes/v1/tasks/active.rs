//! `GET /api/v1/workflows/<w>/tasks/active`: those not in an end stage, otherwise like the list of all.

use axum::http::Method;

use super::stream;
use crate::call::Call;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/active", policy: Policy::Read, handle };

fn handle(call: Call) -> Handled {
    Box::pin(stream::tasks(call, true))
}
