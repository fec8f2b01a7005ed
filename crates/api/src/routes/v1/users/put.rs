//! `PUT /api/v1/workflows/<w>/users/<id>`: changes the role.

use axum::http::Method;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::users;
use serde_json::Value as Json;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route =
    Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/users/{user}", policy: Policy::Administer, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        body.expect_only(&["role"])?;
        let role = match body.keys.get("role") {
            None | Some(Json::Null) => None,
            Some(Json::String(role)) => Some(role.clone()),
            Some(_) => return Err(Refusals::field("role", Refusal::IsInvalid).into()),
        };
        let (workflow, user) = (call.part("workflow"), call.part("user"));
        let changed = call.write(move |cx| users::change_role(cx, &workflow, &user, role.as_deref())).await?;
        ok(&ShownUser::from(&changed))
    })
}
