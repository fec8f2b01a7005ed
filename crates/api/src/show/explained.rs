//! An action with what speaks against it.

use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_engine::commands::actions::Explained;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownExplained<'a> {
    id: Id,
    name: &'a str,
    color: &'a str,
    available: bool,
    reasons: Vec<Reason<'a>>,
    errors: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl<'a> From<&'a Explained> for ShownExplained<'a> {
    fn from(explained: &'a Explained) -> ShownExplained<'a> {
        let Explained { id, name, color, explanation } = explained;
        ShownExplained {
            id: *id,
            name,
            color,
            available: explanation.is_available(),
            reasons: explanation.reasons.iter().map(Reason::from).collect(),
            errors: explanation.errors.iter().map(Reason::from).collect(),
        }
    }
}

impl<'a> From<&'a Refusal> for Reason<'a> {
    fn from(refusal: &'a Refusal) -> Reason<'a> {
        Reason { code: refusal.code(), message: refusal.to_string(), field: refusal.field() }
    }
}
