//! `DELETE /api/v1/workflows/<w>/users/<id>`: no longer a collaborator.

use axum::http::Method;
use baton_engine::commands::users;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::USERS;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route =
    Route { method: Method::DELETE, path: "/api/v1/workflows/{workflow}/users/{user}", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "remove_user",
        noun: &USERS,
        title: "Remove a collaborator",
        text: "Their active tasks there become nobody's. The last listed Administrator stays.",
        parameters: &[],
        body: None,
        answers: vec![Done::empty(204, "No longer a collaborator.")],
        refuses: &[Refuses::Plain(&["last_administrator"])],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, user) = (call.part("workflow"), call.part("user"));
        call.write(move |cx| users::remove(cx, &workflow, &user)).await?;
        Ok(reply::no_content())
    })
}
