//! `GET /api/v1/workflows/<w>/imports/<id>`: how far it is, or what has come of it.

use axum::http::Method;
use baton_engine::commands::imports;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::IMPORTS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::import::ShownImport;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/imports/{import}", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_import",
        noun: &IMPORTS,
        title: "Show an import",
        text: "How far it is, or what has come of it. The key's role must allow to import.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The import.", schemas::of("Import"))],
        refuses: &[Refuses::Plain(&["key_lacks_right"])],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, import) = (call.part("workflow"), call.part("import"));
        let found = call.read(move |cx| imports::get(cx, &workflow, &import)).await?;
        ok(&ShownImport::from(&found))
    })
}
