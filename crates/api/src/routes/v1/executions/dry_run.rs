//! `POST /api/v1/workflows/<w>/executions?_dry_run=true`: what it would do, and a quote by which it does just that. It only reads,
//! so any key may ask, and an `Idempotency-Key` keeps nothing.

use axum::body::Body;
use axum::http::Response;
use baton_core::execution::Foresight;
use baton_core::time::Timestamp;
use baton_engine::commands::executions::{self, DryRun};
use serde::Serialize;

use super::create::{in_shape, start};
use crate::call::{Call, ok};
use crate::problem::Problem;
use crate::show::as_text;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    foresight: &'a Foresight,
    quote: &'a str,
    #[serde(serialize_with = "as_text")]
    expires_at: Timestamp,
}

pub(super) async fn foresee(mut call: Call) -> Result<Response<Body>, Problem> {
    let body = call.object().await.map_err(in_shape)?;
    call.idempotency_key(&body.raw)?;
    let (workflow, start) = (call.part("workflow"), start(&body.keys)?);
    let DryRun { foresight, quote, expires_at } = call.read(move |cx| executions::dry_run(cx, &workflow, &start)).await?;
    ok(&Shown { foresight: &foresight, quote: &quote, expires_at })
}
