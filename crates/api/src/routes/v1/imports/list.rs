//! `GET /api/v1/workflows/<w>/imports`: newest first, `_limit` rows a page, with a `Link` to the next page where there is one.

use axum::http::Method;
use axum::http::header::LINK;
use baton_engine::commands::imports;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::IMPORTS;
use crate::openapi::parameters::{CURSOR, LIMIT, NEXT_PAGE};
use crate::openapi::schemas;
use crate::query::bad;
use crate::route::{Handled, Policy, Route};
use crate::show::import::ShownImport;

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/imports", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_imports",
        noun: &IMPORTS,
        title: "List imports",
        text: "Newest first. The key's role must allow to import.",
        parameters: &[LIMIT, CURSOR],
        body: None,
        answers: vec![Done::json(200, "A page of them.", schemas::list_of(schemas::of("Import"))).may_have(&[NEXT_PAGE])],
        refuses: &[Refuses::Plain(&["key_lacks_right"])],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_limit", "_cursor"])?;
        let limit = query.page_rows()?;
        let read = |text: &str| text.parse().map_err(|_| bad("_cursor", text, "a cursor from a Link header"));
        let before = query.get("_cursor").map(read).transpose()?;
        let workflow = call.part("workflow");
        // One more than asked for tells whether there is a next page.
        let mut page = call.read(move |cx| imports::list(cx, &workflow, before, limit + 1)).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let mut response = ok(&page.iter().map(ShownImport::from).collect::<Vec<_>>())?;
        if let Some(last) = page.last().filter(|_| more) {
            let next = query.link_to_next(call.head.uri.path(), limit, &last.id.to_string());
            response.headers_mut().insert(LINK, next);
        }
        Ok(response)
    })
}
