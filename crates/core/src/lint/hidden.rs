//! Texts that use a field which is hidden from a role that takes the action.
//!
//! Steps act with all rights, so the text is made all the same. What the role then reads is a leak; what goes out may be meant so.

use serde_json::Value as Json;

use super::Code;
use super::emails::names_in;
use super::finding::{Point, Severity};
use super::flow::Flow;
use super::model::{Findings, Model, Runs, may_take};
use crate::definition::action::{Action, Requirement};
use crate::definition::problem::Path;
use crate::definition::role::{FieldRight, Role};
use crate::definition::step::Step;
use crate::definition::walk::{Visitor, walk_step};

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let hiding: Vec<&Role> = model.roles().filter(|role| role.fields.values().any(|right| *right == FieldRight::Hidden)).collect();
    if hiding.is_empty() {
        return;
    }
    for (index, action) in model.definition.actions.iter().enumerate().filter(|(index, _)| flow.can_run(*index)) {
        let roles: Vec<&Role> = hiding.iter().copied().filter(|role| may_take(role, action)).collect();
        let mut texts = Texts { roles: &roles, action, seen: true, findings };
        let path = Path::ROOT.key("actions");
        let path = path.index(index);
        let requirements = path.key("requirements");
        for (index, requirement) in action.requirements.iter().enumerate() {
            if let Requirement::Confirmation(confirmation) = requirement {
                let path = requirements.index(index);
                texts.check(&confirmation.title, &path.key("title"));
                texts.check(confirmation.text.as_deref().unwrap_or_default(), &path.key("text"));
            }
        }
        let steps = path.key("steps");
        for (place, step) in model.sources[index].steps.iter().enumerate().filter(|(_, step)| step.runs != Runs::Never) {
            texts.seen = matches!(step.step, Step::AddComment(_));
            walk_step(&mut step.step.clone(), &steps.index(place), &mut texts);
        }
    }
}

struct Texts<'a> {
    /// Those that may take the action, and that something is hidden from.
    roles: &'a [&'a Role],
    action: &'a Action,
    /// Whether who acts reads the text.
    seen: bool,
    findings: &'a mut Findings,
}

impl Texts<'_> {
    fn check(&mut self, text: &str, path: &Path<'_>) {
        self.check_for(self.roles, text, path);
    }

    fn check_for(&mut self, roles: &[&Role], text: &str, path: &Path<'_>) {
        if !text.contains("{{") {
            return;
        }
        let mut told = Vec::new();
        for field in names_in(text) {
            let hidden: Vec<&str> = roles.iter().filter(|role| hides(role, &field)).map(|role| role.name.as_str()).collect();
            if hidden.is_empty() || told.contains(&field) {
                continue;
            }
            let (then, severity) = match self.seen {
                true => ("who takes it reads it here", Severity::Warning),
                false => ("it goes out all the same", Severity::Info),
            };
            let message = format!(
                "{field} is hidden from {0}, who may take {1}, and {then}. Leave {field} out of the text, show it to {0}, or take {1} from {0}.",
                hidden.join(", "),
                self.action.name
            );
            let mut points = vec![Point::action(&self.action.name), Point::Field { field: field.clone() }];
            points.extend(hidden.iter().map(|role| Point::role(role)));
            self.findings.add(Code::HiddenFieldShown, severity, path.to_string(), message, points);
            told.push(field);
        }
    }
}

impl Visitor for Texts<'_> {
    fn template(&mut self, text: &mut String, path: &Path<'_>) {
        self.check(text, path);
    }

    /// Copied into a field that is hidden too, it stays hidden.
    fn value(&mut self, field: &str, value: &mut Json, path: &Path<'_>) {
        if let Json::String(text) = value {
            let roles: Vec<&Role> = self.roles.iter().copied().filter(|role| !hides(role, field)).collect();
            self.seen = true;
            self.check_for(&roles, text, path);
        }
    }
}

fn hides(role: &Role, field: &str) -> bool {
    role.fields.get(field) == Some(&FieldRight::Hidden)
}
