//! `GET /api/v1/workflows/<w>/roles`

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use serde_json::{Value as Json, json};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/roles", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_roles",
        noun: &WORKFLOWS,
        title: "List the roles",
        text: "What a collaborator may do is said by a role.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The roles.", schemas::list_of(shape()))],
        refuses: &[],
    }
}

fn shape() -> Json {
    schemas::object(json!({ "id": schemas::id(), "name": schemas::text(), "admin": schemas::flag() }))
}

#[derive(Serialize)]
struct Role<'a> {
    id: Id,
    name: &'a str,
    admin: bool,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let workflow = call.part("workflow");
        let found = call.read(move |cx| workflows::get(cx, &workflow)).await?;
        let roles = found.workflow.roles.iter().map(|role| Role { id: role.id, name: &role.name, admin: role.admin });
        ok(&roles.collect::<Vec<_>>())
    })
}
