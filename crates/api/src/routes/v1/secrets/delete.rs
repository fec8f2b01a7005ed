//! `DELETE /api/v1/secrets/<name>`: calls that name it fail from now on.

use axum::http::Method;
use baton_engine::commands::secrets;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::SECRETS;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::DELETE, path: "/api/v1/secrets/{secret}", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "delete_secret",
        noun: &SECRETS,
        title: "Delete a secret",
        text: "Calls that name it fail from now on.",
        parameters: &[],
        body: None,
        answers: vec![Done::empty(204, "It is gone.")],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let name = call.part("secret");
        call.write(move |cx| secrets::delete(cx, &name)).await?;
        Ok(reply::no_content())
    })
}
