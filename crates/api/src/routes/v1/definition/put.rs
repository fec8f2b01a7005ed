//! `PUT /api/v1/workflows/<w>/definition`: a new revision, or with `_revision=n` back to an earlier one; with
//! `_dry_run=true` only what would come of it.

use axum::http::{Method, StatusCode};
use baton_engine::commands::{definitions, plans};

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::planned::planned;
use crate::show::saved::Saved;

pub const ROUTE: Route = Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/definition", policy: Policy::Administer, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_revision", "_dry_run"])?;
        let dry_run = query.flag("_dry_run")?;
        let earlier = query.number("_revision", i64::MAX)?;
        let (workflow, expected) = (call.part("workflow"), call.expected()?);
        let saved = match earlier {
            Some(revision) => {
                call.expect_empty_body().await?;
                if dry_run {
                    return planned(&call.read_long(move |cx| plans::restore(cx, &workflow, revision, &expected)).await?);
                }
                call.write(move |cx| definitions::restore(cx, &workflow, revision, &expected)).await?
            }
            None => {
                let document = call.document().await?.json;
                if dry_run {
                    return planned(&call.read_long(move |cx| plans::save(cx, &workflow, &document, &expected)).await?);
                }
                call.write(move |cx| definitions::save(cx, &workflow, &document, &expected)).await?
            }
        };
        Ok(reply::with_etag(reply::json(StatusCode::OK, &Saved::from(&saved)), saved.revision))
    })
}
