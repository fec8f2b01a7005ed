//! What planning a definition answers.

use axum::body::Body;
use axum::http::Response;
use baton_core::definition::Plan;
use baton_core::refusal::Refusal;
use baton_engine::commands::plans::Planned;
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::saved::Warning;
use crate::call::ok;
use crate::problem::Problem;

#[derive(Serialize)]
struct Shown<'a> {
    plan: Option<&'a Plan>,
    findings: &'a [Json],
    #[serde(serialize_with = "sentences")]
    errors: &'a IndexMap<String, Vec<Refusal>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning<'a>>,
}

pub fn planned(planned: &Planned) -> Result<Response<Body>, Problem> {
    ok(&shown(planned))
}

/// As JSON, for whoever does not ask by HTTP.
pub fn to_json(planned: &Planned) -> Json {
    serde_json::to_value(shown(planned)).expect("a plan has text keys only")
}

fn shown(planned: &Planned) -> Shown<'_> {
    Shown {
        plan: planned.plan.as_ref(),
        findings: &planned.findings,
        errors: &planned.errors,
        warnings: planned.warnings.iter().map(Warning::from).collect(),
    }
}

fn sentences<S: Serializer>(errors: &IndexMap<String, Vec<Refusal>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(errors.iter().map(|(path, refusals)| (path, refusals.iter().map(ToString::to_string).collect::<Vec<_>>())))
}
