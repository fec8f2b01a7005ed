//! `GET /api/v1/workflows/<w>/fields`: keys in alphabetical order, as documented.

use axum::http::Method;
use baton_core::definition::field::FieldType;
use baton_core::definition::type_of;
use baton_core::ids::Id;
use baton_core::workflow::{Field, FieldKind, FieldRight};
use baton_engine::commands::workflows;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::options_of;
use serde_json::{Value as Json, json};

pub const ROUTE: Route = Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/fields", policy: Policy::Read, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "list_fields",
        noun: &WORKFLOWS,
        title: "List the fields",
        text: "In the workflow's order, without those that the key's role hides.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The fields.", schemas::list_of(shape()))],
        refuses: &[],
    }
}

fn shape() -> Json {
    let kinds = [
        "text",
        "longText",
        "number",
        "phone",
        "currency",
        "date",
        "datetime",
        "person",
        "singleSelect",
        "multipleSelect",
        "checkbox",
        "uniqueId",
        "file",
        "email",
        "url",
    ];
    schemas::object(json!({
        "autoincrement?": schemas::described("Only of a uniqueId.", schemas::flag()),
        "editable": schemas::flag(),
        "id": schemas::id(),
        "limit?": schemas::described("Only of a file: how many it holds.", schemas::count()),
        "name": schemas::text(),
        "options?": schemas::described("Only of a select.", schemas::list_of(schemas::text())),
        "required": schemas::flag(),
        "type": schemas::one_of(&kinds),
    }))
}

#[derive(Serialize)]
struct ShownField<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    autoincrement: Option<bool>,
    editable: bool,
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<&'a str>>,
    required: bool,
    #[serde(rename = "type")]
    kind: FieldType,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let workflow = call.part("workflow");
        let found = call.read(move |cx| workflows::get(cx, &workflow)).await?;
        let access = found.access();
        let seen = found.workflow.fields.iter().filter(|field| access.right_to(field) != FieldRight::Hidden);
        ok(&seen.map(shown).collect::<Vec<_>>())
    })
}

fn shown(field: &Field) -> ShownField<'_> {
    let autoincrement = match field.kind {
        FieldKind::UniqueId { autoincrement } => Some(autoincrement),
        _ => None,
    };
    ShownField {
        autoincrement,
        editable: field.editable && autoincrement != Some(true),
        id: field.id,
        limit: match field.kind {
            FieldKind::File { limit } => Some(limit),
            _ => None,
        },
        name: &field.name,
        options: options_of(&field.kind),
        required: field.required,
        kind: type_of(&field.kind),
    }
}
