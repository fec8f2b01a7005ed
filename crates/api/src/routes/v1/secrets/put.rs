//! `PUT /api/v1/secrets/<name>`: new, or with another value. Nothing repeats the value, an error neither.

use axum::http::{Method, StatusCode};
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::secrets;
use serde_json::Value as Json;

use super::ShownSecret;
use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/secrets/{secret}", policy: Policy::Administer, handle };

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
