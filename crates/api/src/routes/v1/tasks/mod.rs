//! Tasks.

pub mod actions;
pub mod active;
pub mod activity;
mod batch;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod put;
pub mod put_by_body;
mod stream;

use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::tasks::Shown;
use serde_json::Value as Json;

use crate::openapi::docs::{Parameter, Takes};
use crate::openapi::parameters::of_query;
use crate::openapi::schemas;

const FILTERS: Parameter = of_query(
    "filters",
    Takes::Columns,
    "`Field=value`, also `Stage` and `Assigned To`: several columns are joined with and, several values of one with or, and an empty value \
     means blank. Values compare exactly, numbers by value. Datetimes and files can't be filtered.",
    "Not Started",
);

const UNFIT_FILTERS: &[&str] =
    &["is_not_a_field", "is_invalid", "is_not_an_option", "is_not_a_stage", "is_not_a_user_of_workspace", "is_not_a_user_of_workflow"];

/// What may be wrong with the values of a task.
const VALUES: &[&str] = &[
    "is_invalid",
    "is_required",
    "is_not_a_field",
    "is_not_editable",
    "is_not_an_option",
    "is_taken",
    "is_not_a_user_of_workspace",
    "is_not_a_user_of_workflow",
    "is_not_a_stage",
    "is_too_long",
];

fn one_or_many(one: Json) -> Json {
    let many = schemas::list_of(one.clone());
    schemas::any_of(&[one, many])
}

/// `public_url` begins the Task URL.
fn shown<'a>(Shown { found, task }: &'a Shown, public_url: &'a str) -> ShownTask<'a> {
    ShownTask { workflow: &found.workflow, workspace: &found.workspace, task, access: found.access(), public_url: Some(public_url) }
}
