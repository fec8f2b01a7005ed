//! `GET /api/v1/workflows/<w>/users/<id>`

use axum::http::Method;
use baton_engine::commands::users;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::USERS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/users/{user}", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_user",
        noun: &USERS,
        title: "Show a collaborator",
        text: "One of those who are listed.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The collaborator.", schemas::of("User"))],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, user) = (call.part("workflow"), call.part("user"));
        let found = call.read(move |cx| users::get(cx, &workflow, &user)).await?;
        ok(&ShownUser::from(&found))
    })
}
