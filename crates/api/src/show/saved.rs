//! What saving a definition answers.

use baton_core::definition::Problem;
use baton_core::ids::Id;
use baton_engine::commands::definitions;
use serde::Serialize;

#[derive(Serialize)]
pub struct Saved<'a> {
    id: Id,
    name: &'a str,
    revision: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning<'a>>,
}

#[derive(Serialize)]
pub struct Warning<'a> {
    path: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Problem> for Warning<'a> {
    fn from(warning: &'a Problem) -> Warning<'a> {
        Warning { path: &warning.path, message: &warning.message }
    }
}

impl<'a> From<&'a definitions::Saved> for Saved<'a> {
    fn from(saved: &'a definitions::Saved) -> Saved<'a> {
        let warnings = saved.warnings.iter().map(Warning::from).collect();
        Saved { id: saved.workflow, name: &saved.name, revision: saved.revision, warnings }
    }
}
