//! `POST /api/v1/workflows/<w>/users`: adds a collaborator (201), and invites who is not yet a user of the workspace. Who is
//! listed already gets the role, if one is given (200).

use axum::http::{Method, StatusCode};
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::users::{self, NewCollaborator};
use serde_json::{Map, Value as Json, json};

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::USERS;
use crate::openapi::parameters::LOCATION;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::user::ShownUser;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/users", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "add_user",
        noun: &USERS,
        title: "Add a collaborator",
        text: "By e-mail; who is not yet a user of the workspace is invited. Who is listed already gets the role, if one is given.",
        parameters: &[],
        body: Some(Given::json(body_shape(), "Who, and with which role.")),
        answers: vec![
            Done::json(200, "Is listed already.", schemas::of("User")).with(&[LOCATION]).like(json!({
                "saml_user_id": null,
                "role_id": "r0le",
                "first_name": "Harry",
                "email": "harry@hogwarts.edu",
                "last_name": "Potter",
                "id": "hP0tT3r",
            })),
            Done::json(201, "Is added.", schemas::of("User")).with(&[LOCATION]),
        ],
        refuses: &[
            Refuses::Plain(&["last_administrator"]),
            Refuses::Fields(&["is_invalid", "is_required", "is_not_an_option", "is_deactivated", "is_too_long"]),
        ],
    }
}

fn body_shape() -> Json {
    schemas::object(json!({
        "email": schemas::filled(),
        "role?": schemas::described("The name of a role; Collaborator where it is left out.", schemas::or_null(schemas::text())),
        "first_name?": schemas::or_null(schemas::text()),
        "last_name?": schemas::or_null(schemas::text()),
    }))
}

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
