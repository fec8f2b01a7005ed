//! `PUT /api/v1/workflows/<w>/users/<id>`: changes the role.

use axum::http::Method;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::users;
use serde_json::{Value as Json, json};

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::USERS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route =
    Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/users/{user}", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "change_role",
        noun: &USERS,
        title: "Change the role",
        text: "The last listed Administrator stays one.",
        parameters: &[],
        body: Some(Given::json(schemas::object(json!({ "role": schemas::filled() })), "The name of the role.")),
        answers: vec![Done::json(200, "With the new role.", schemas::of("User"))],
        refuses: &[Refuses::Plain(&["last_administrator"]), Refuses::Fields(&["is_invalid", "is_required", "is_not_an_option"])],
    }
}

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
