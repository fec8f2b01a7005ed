//! `PUT /api/v1/workflows/<w>/definition`: a new revision, or with `_revision=n` back to an earlier one; with
//! `_dry_run=true` only what would come of it.

use axum::http::{Method, StatusCode};
use baton_engine::commands::{definitions, plans};

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Parameter, Refuses, Takes};
use crate::openapi::nouns::DEFINITIONS;
use crate::openapi::parameters::{DRY_RUN, ETAG, IF_MATCH, of_query};
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::planned::planned;
use crate::show::saved::Saved;

pub const ROUTE: Route =
    Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/definition", policy: Policy::Administer, handle, docs };

const BACK_TO: Parameter = of_query("_revision", Takes::Number { max: i64::MAX }, "Goes back to that one; there is no body then.", "1");

fn docs() -> Docs {
    let either = schemas::any_of(&[schemas::of("SavedDefinition"), schemas::of("PlannedDefinition")]);
    Docs {
        id: "save_definition",
        noun: &DEFINITIONS,
        title: "Save a definition",
        text: "A part with an id that is known is renamed, others are matched by name; the same document again changes nothing. What tasks would \
               lose is refused with how many they are, unless the document says what becomes of them (`migrate`, `confirm_loss`). With \
               `_dry_run=true` only what would come of it is told; a read-only key may ask that.",
        parameters: &[BACK_TO, DRY_RUN, IF_MATCH],
        body: Some(Given::definition(schemas::of("Definition"), "The definition; none with `_revision`.").or_none()),
        answers: vec![Done::json(200, "It is saved; with `_dry_run=true`, what would come of it.", either).may_have(&[ETAG])],
        refuses: &[Refuses::Fields(&["definition", "is_taken"])],
    }
}

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
