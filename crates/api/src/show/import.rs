//! An import, as it is and how far it is.

use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_engine::commands::imports::{Import, Status};
use serde::Serialize;

use super::{as_text, as_text_if_any};

#[derive(Serialize)]
pub struct ShownImport<'a> {
    id: Id,
    status: &'static str,
    dry_run: bool,
    rows: i64,
    done: i64,
    created: i64,
    updated: i64,
    failed: i64,
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[serde(serialize_with = "as_text_if_any")]
    finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<&'a str>>,
}

impl<'a> From<&'a Import> for ShownImport<'a> {
    fn from(import: &'a Import) -> ShownImport<'a> {
        let Import { id, status, dry_run, rows, counts, created_at, finished_at, errors, .. } = import;
        ShownImport {
            id: *id,
            status: status.name(),
            dry_run: *dry_run,
            rows: *rows,
            done: counts.done,
            created: counts.created,
            updated: counts.updated,
            failed: counts.failed,
            created_at: *created_at,
            finished_at: *finished_at,
            errors: (*status == Status::Fail).then(|| errors.iter().map(Told::whole).collect()),
        }
    }
}
