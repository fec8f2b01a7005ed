//! `GET /api/v1/workflows/<w>/users/<id>`

use axum::http::Method;
use baton_engine::commands::users;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/users/{user}", policy: Policy::Read, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, user) = (call.part("workflow"), call.part("user"));
        let found = call.read(move |cx| users::get(cx, &workflow, &user)).await?;
        ok(&ShownUser::from(&found))
    })
}
