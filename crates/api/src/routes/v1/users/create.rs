//! `POST /api/v1/workflows/<w>/users`: adds a collaborator (201), and invites who is not yet a user of the workspace. Who is
//! listed already gets the role, if one is given (200).

use axum::http::{Method, StatusCode};
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::users::{self, NewCollaborator};
use serde_json::{Map, Value as Json};

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/users", policy: Policy::Administer, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        body.expect_only(&["email", "role", "first_name", "last_name"])?;
        let (workflow, new) = (call.part("workflow"), new_collaborator(&body.keys)?);
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let (added, is_new) = users::add(cx, &workflow, &new)?;
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            let path = format!("/api/v1/workflows/{workflow}/users/{}", added.user.id);
            Ok(reply::located(reply::answer(status, &ShownUser::from(&added)), path))
        };
        call.post(&body.raw, command).await
    })
}

fn new_collaborator(body: &Map<String, Json>) -> Result<NewCollaborator, Refusals> {
    let mut refusals = Vec::new();
    let mut text = |key: &str| match body.get(key) {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(_) => {
            refusals.push((key.to_owned(), vec![Refusal::IsInvalid]));
            None
        }
    };
    let new = NewCollaborator {
        email: text("email"),
        role: text("role"),
        first_name: text("first_name").unwrap_or_default(),
        last_name: text("last_name").unwrap_or_default(),
    };
    if refusals.is_empty() { Ok(new) } else { Err(Refusals::Fields(refusals.into_iter().collect())) }
}
