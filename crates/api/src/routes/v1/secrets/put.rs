//! `PUT /api/v1/secrets/<name>`: new, or with another value. Nothing repeats the value, an error neither.

use axum::http::{Method, StatusCode};
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::secrets;
use serde_json::{Value as Json, json};

use super::{ShownSecret, shape};
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::SECRETS;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/secrets/{secret}", policy: Policy::Administer, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "set_secret",
        noun: &SECRETS,
        title: "Set a secret",
        text: "New, or with another value, which is used from the next attempt of a call on.",
        parameters: &[],
        body: Some(Given::json(
            schemas::object(json!({ "value": { "type": "string", "pattern": "^[^\\x00-\\x1f\\x7f]+$" } })),
            "1 byte to 64 KiB of text without control characters.",
        )),
        answers: vec![Done::json(200, "It has another value.", shape()), Done::json(201, "It is new.", shape())],
        refuses: &[Refuses::Fields(&["is_invalid", "is_required", "secret_unfit"])],
    }
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let mut body = call.object().await?;
        body.expect_only(&["value"])?;
        let value = match body.keys.remove("value") {
            Some(Json::String(value)) => Some(value),
            None | Some(Json::Null) => None,
            Some(_) => return Err(Refusals::field("value", Refusal::IsInvalid).into()),
        };
        let name = call.part("secret");
        let set = call.write(move |cx| secrets::set(cx, &name, value.as_deref())).await?;
        let status = if set.new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(reply::json(status, &ShownSecret::from(&set.row)))
    })
}
