//! The linter: what of a definition that may be saved will not do what it looks like.
//!
//! It decides over the ways through the stages (`flow`) and over what conditions can mean (`solve`); what can't be decided it
//! takes as possible, so that what it says is so. Moves by hand and by the API do not count: by those every stage is reached.
//! An action that only Administrators may take is one that can be taken.
//!
//! To add a finding: a [`Code`], and the module that looks for it, called by [`lint`].

mod actions;
mod chains;
mod code;
mod conditions;
mod emails;
mod facts;
mod fields;
mod finding;
mod flow;
mod hidden;
mod model;
mod order;
mod rules;
mod solve;
mod stages;
mod steps;
#[cfg(test)]
mod tests;

pub use code::Code;
pub use finding::{Finding, Point, Severity};

use jiff::tz::TimeZone;

use crate::definition::{Definition, compile};
use crate::ids::Id;
use crate::people::Workspace;
use crate::workflow::Workflow;
use flow::Flow;
use model::{Findings, Model};
use solve::Solver;

/// The findings of a document that was read without problems, in the order of their places.
pub fn lint(definition: &Definition) -> Vec<Finding> {
    let Some(workflow) = workflow_of(definition) else { return Vec::new() };
    let solver = Solver::new(&workflow);
    let model = Model::new(definition, &workflow, &solver);
    let flow = Flow::of(&model);
    let mut findings = Findings::default();
    stages::check(&model, &flow, &mut findings);
    actions::check(&model, &flow, &mut findings);
    fields::check(&model, &mut findings);
    conditions::check(&model, &mut findings);
    steps::check(&model, &flow, &mut findings);
    emails::check(&model, &flow, &mut findings);
    hidden::check(&model, &flow, &mut findings);
    chains::check(&model, &flow, &mut findings);
    let mut findings = findings.0;
    findings.sort_by(|one, other| order::of(&one.path).cmp(&order::of(&other.path)).then(one.code.cmp(&other.code)));
    findings
}

/// Fields and stages are all that conditions need: automations, and steps that have no effect yet, are linted like all others.
fn workflow_of(definition: &Definition) -> Option<Workflow> {
    let parts = Definition {
        fields: definition.fields.clone(),
        stages: definition.stages.clone(),
        actions: Vec::new(),
        ..Definition::blank(&definition.name)
    };
    compile(nobody(), 0, &parts).ok()
}

fn nobody() -> Id {
    Id::from_i64(0).expect("not negative")
}

/// A workspace without people: a definition means the same in every one.
fn nowhere() -> Workspace {
    Workspace::new(nobody(), String::new(), TimeZone::UTC, None, Vec::new(), Vec::new())
}
