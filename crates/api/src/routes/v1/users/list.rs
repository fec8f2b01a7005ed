//! `GET /api/v1/workflows/<w>/users`

use axum::http::Method;
use baton_engine::commands::users;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::USERS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/users", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_users",
        noun: &USERS,
        title: "List the collaborators",
        text: "Those who are listed in the workflow.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The collaborators.", schemas::list_of(schemas::of("User")))],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let workflow = call.part("workflow");
        let listed = call.read(move |cx| users::list(cx, &workflow)).await?;
        ok(&listed.iter().map(ShownUser::from).collect::<Vec<_>>())
    })
}
