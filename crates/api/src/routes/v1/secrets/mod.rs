//! Secrets of the workspace: what they are called, and never what they are.

pub mod delete;
pub mod list;
pub mod put;

use baton_core::time::Timestamp;
use baton_engine::commands::secrets::SecretRow;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::openapi::schemas;
use crate::show::as_text;

#[derive(Serialize)]
struct ShownSecret<'a> {
    name: &'a str,
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[serde(serialize_with = "as_text")]
    updated_at: Timestamp,
}

impl<'a> From<&'a SecretRow> for ShownSecret<'a> {
    fn from(row: &'a SecretRow) -> ShownSecret<'a> {
        ShownSecret { name: &row.name, created_at: row.created_at, updated_at: row.updated_at }
    }
}

fn shape() -> Json {
    schemas::object(json!({ "name": schemas::text(), "created_at": schemas::timestamp(), "updated_at": schemas::timestamp() }))
}
