//! A workflow as a document: reading it with every problem at its path, and making it ready to run.
//!
//! ```text
//! text --parse_yaml / parse_json--> value --read--> Definition (ids, names joined up) --compile--> Workflow
//! ```
//! [`read`] goes in this order: the shape against the schema (`check`), names trimmed (`normalise`), ids (`identity`),
//! references of renamed parts (`rename`), meaning (`validate`), and what has no effect in this version (`effects`).
//! The types of the document are the one place that says what it may hold: `document` and a module for each part.
//! Every reference between parts is found by `walk`.
//!
//! A document that follows another is compared with it: part by part for whoever wants to know before (`plan`), and by what
//! tasks would lose (`removed`), which goes where the request says (`migrate`).

pub mod action;
pub mod automation;
pub mod data_sync;
pub mod document;
pub mod field;
pub mod form;
pub mod layout;
pub mod link;
pub mod migrate;
pub mod role;
pub mod stage;
pub mod step;
pub mod view;

mod builtin;
mod check;
mod compile;
mod effects;
mod identity;
mod json;
mod normalise;
mod outgoing;
mod places;
mod plan;
pub(crate) mod problem;
mod removed;
mod rename;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod validate;
pub(crate) mod walk;
mod yaml;

pub use builtin::{ADMINISTRATOR, COLLABORATOR};
pub use compile::{compile, type_of};
pub use document::Definition;
pub use json::{parse_json, to_json};
pub use normalise::normal_name;
pub(crate) use outgoing::split_at_commas;
pub use outgoing::{calls_with_secrets, secrets};
pub use places::{Place, Places};
pub use plan::{KeyChange, Needs, Part, PartKind, Plan, Weight, plan};
pub use problem::{PROBLEMS_MAX, Problem};
pub use removed::{Removals, RemovedOption, RemovedPart, RetypedField, removed_parts};
pub use schema::schema;
pub use text::TextError;
pub use yaml::{parse_yaml, parse_yaml_with_places, to_yaml};

use identity::Renames;
use migrate::Asked;
use problem::{Path, Problems};
use serde_json::Value;

use crate::env::Env;
use crate::people::Workspace;

/// A document that may be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// With an id for every part, and references by the names that the parts have now.
    pub definition: Definition,
    /// What the document says of tasks besides.
    pub asked: Asked,
    /// What will not work, or not yet.
    pub warnings: Vec<Problem>,
}

/// What of a definition that is saved already will not work, or not yet.
pub fn warnings(definition: &Definition, workspace: &Workspace) -> Vec<Problem> {
    let mut warnings = Problems::default();
    validate::validate(&mut definition.clone(), workspace, &mut Problems::default(), &mut warnings);
    effects::warn(definition, &mut warnings);
    warnings.finish()
}

/// Reads a document that is to become the next revision of `current`, or the first one of a new workflow.
/// All problems are told at once, and nothing is to be saved when there is one.
pub fn read(mut value: Value, current: Option<&Definition>, workspace: &Workspace, env: &mut dyn Env) -> Result<Read, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut warnings = Problems::default();
    if current.is_none() {
        builtin::fill_blank(&mut value);
    }
    check::check(schema(), &mut value, &mut problems);
    let mut definition: Definition = match serde_json::from_value(value) {
        Ok(definition) => definition,
        Err(error) => {
            // The check and the types are made from the same source, so this is a second net.
            problems.add(&Path::ROOT, || error.to_string());
            return Err(problems.finish());
        }
    };
    let asked = Asked::take(&mut definition);
    normalise::normalise(&mut definition);
    identity::settle(&mut definition, current, &mut problems, env);
    if let Some(current) = current {
        let renames = Renames::between(current, &definition);
        rename::rename(&mut definition, &renames);
    }
    validate::validate(&mut definition, workspace, &mut problems, &mut warnings);
    if !problems.is_empty() {
        return Err(problems.finish());
    }
    effects::warn(&definition, &mut warnings);
    builtin::add_roles(&mut definition, current, env);
    let mut warnings = warnings.finish();
    if current.is_none() {
        warnings.extend(migrate::stale(&definition, &asked));
    }
    Ok(Read { definition, asked, warnings })
}

/// A document as it was stored.
pub fn read_stored(text: &str) -> Result<Definition, TextError> {
    let value = parse_json(text)?;
    serde_json::from_value(value).map_err(|error| TextError { message: error.to_string(), line: 1, column: 1 })
}
