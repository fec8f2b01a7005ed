//! References: every name exists, every condition and template can be read, every user is known.

use std::cell::RefCell;
use std::collections::HashSet;

use serde_json::Value;

use super::super::document::Definition;
use super::super::problem::Path;
use super::super::walk::Visitor;
use super::linked::is_linked;
use super::{Known, Report, syntax};
use crate::condition::{self, ConditionTree};
use crate::limits::TEMPLATE_NAMES_MAX;
use crate::people::{UserState, Workspace};
use crate::suggest::did_you_mean;
use crate::template::{Template, rename_names};
use crate::value::option_named;
use crate::workflow::FieldKind;

/// What a list of another kind defines.
struct List {
    names: Vec<String>,
    /// Whether every name could be read: only then is a name that is not there a mistake.
    whole: bool,
}

pub(super) struct References<'a, 'b> {
    known: &'a Known<'a>,
    workspace: &'a Workspace,
    report: &'a mut Report<'b>,
    stages: List,
    actions: List,
    forms: List,
    links: List,
}

impl<'a, 'b> References<'a, 'b> {
    pub fn new(definition: &Definition, known: &'a Known<'a>, workspace: &'a Workspace, report: &'a mut Report<'b>) -> References<'a, 'b> {
        let problems = &*report.problems;
        let list = |key: &str, names: Vec<String>| List { names, whole: !problems.is_incomplete(key, &[".name"]) };
        let stages = list("stages", definition.stages.iter().map(|stage| stage.name.clone()).collect());
        let actions = list("actions", definition.actions.iter().map(|action| action.name.clone()).collect());
        let forms = list("forms", definition.forms.iter().map(|form| form.name.clone()).collect());
        let links = list("links", definition.links.iter().map(|link| link.name.clone()).collect());
        References { known, workspace, report, stages, actions, forms, links }
    }

    /// The names of a template that can't be judged, and those that lead to linked tasks, stand aside.
    fn template_problems(&self, text: &str) -> Vec<String> {
        if text.matches("{{").count() > TEMPLATE_NAMES_MAX {
            return vec![format!("holds more than {TEMPLATE_NAMES_MAX} names in {{{{ }}}}")];
        }
        // A name is looked for once, however often the text has it: suggestions cost a walk over all fields.
        let seen: RefCell<HashSet<String>> = RefCell::default();
        let judged = rename_names(text, &|name| {
            let aside = self.known.names.column(name).is_none()
                && (is_linked(name, &self.links.names, self.known)
                    || !self.known.fields_whole
                    || !seen.borrow_mut().insert(name.to_owned()));
            aside.then(|| "Stage".to_owned())
        });
        Template::parse(&judged, &self.known.names).err().unwrap_or_default()
    }

    fn check_template(&mut self, text: &str, path: &Path<'_>) {
        if text.contains("{{") && !self.report.problems.is_full() {
            for message in self.template_problems(text) {
                self.report.problem(path, || message);
            }
        }
    }
}

fn check_in(list: &List, what: &str, name: &str, path: &Path<'_>, report: &mut Report<'_>) {
    if list.whole && !list.names.iter().any(|known| known == name) {
        report.problem(path, || {
            let name = syntax::brief(name);
            format!("{name} is not {what}{}", did_you_mean(&name, list.names.iter().map(String::as_str)))
        });
    }
}

impl Visitor for References<'_, '_> {
    fn field(&mut self, name: &mut String, path: &Path<'_>) {
        if self.known.fields_whole && self.known.field(name).is_none() {
            self.report.problem(path, || {
                let name = syntax::brief(name);
                format!("{name} is not a field{}", did_you_mean(&name, self.known.names.field_names()))
            });
        }
    }

    fn column(&mut self, name: &mut String, path: &Path<'_>) {
        if self.known.fields_whole && self.known.names.column(name).is_none() {
            self.report.problem(path, || {
                let name = syntax::brief(name);
                format!("{name} is not a column{}", did_you_mean(&name, self.known.names.field_names()))
            });
        }
    }

    fn stage(&mut self, name: &mut String, path: &Path<'_>) {
        check_in(&self.stages, "a stage", name, path, self.report);
    }

    fn action(&mut self, name: &mut String, path: &Path<'_>) {
        check_in(&self.actions, "an action", name, path, self.report);
    }

    fn form(&mut self, name: &mut String, path: &Path<'_>) {
        check_in(&self.forms, "a form", name, path, self.report);
    }

    fn link(&mut self, name: &mut String, path: &Path<'_>) {
        check_in(&self.links, "a link", name, path, self.report);
    }

    fn option(&mut self, field: &str, name: &mut String, path: &Path<'_>) {
        let Some(field) = self.known.sure_field(field) else { return };
        let (FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options }) = &field.kind else { return };
        if option_named(options, name).is_none() {
            self.report.problem(path, || {
                let name = syntax::brief(name);
                format!(
                    "{name} is not an option of {}{}",
                    field.name,
                    did_you_mean(&name, options.iter().map(|option| option.name.as_str()))
                )
            });
        }
    }

    fn value(&mut self, field: &str, value: &mut Value, path: &Path<'_>) {
        match value {
            Value::String(text) if text.contains("{{") => self.check_template(text, path),
            Value::String(text) if !text.trim().is_empty() => self.option(field, text, path),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Value::String(text) = item {
                        self.option(field, text, &path.index(index));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::String(_) => {}
        }
    }

    fn template(&mut self, text: &mut String, path: &Path<'_>) {
        self.check_template(text, path);
    }

    fn statement(&mut self, text: &mut String, path: &Path<'_>) {
        let without_wildcards = rename_names(text, &|name| Some(name.trim_matches('%').to_owned()));
        self.check_template(&without_wildcards, path);
    }

    fn condition(&mut self, tree: &mut ConditionTree, path: &Path<'_>) {
        if self.report.problems.is_full() {
            return;
        }
        let problems = condition::compile(&tree.0, &self.known.names).err().unwrap_or_default();
        for (place, message) in problems {
            if !self.is_unsure_rule(&tree.0, &place) {
                self.report.problem(&path.written(&place), || message);
            }
        }
    }

    fn user(&mut self, email: &mut String, path: &Path<'_>) {
        match self.workspace.user_by_email(email) {
            Some(user) if user.state != UserState::Deactivated => {}
            Some(_) => self.report.warning(path, || format!("{email} is deactivated; the step fails until they are active")),
            None => self.report.warning(path, || {
                let email = syntax::brief(email);
                format!("{email} is not a user of this workspace; the step fails until they are")
            }),
        }
    }
}

impl References<'_, '_> {
    /// Whether a problem in a condition is about a part of the document that could not be read.
    fn is_unsure_rule(&self, tree: &Value, place: &str) -> bool {
        let Some(rule) = rule_at(tree, place) else { return false };
        let field = rule.get("field").and_then(Value::as_str);
        let other = rule.get("value").and_then(Value::as_str).filter(|_| rule.get("valueSource").is_some_and(|source| source == "field"));
        let stage = field == Some("Stage") && !self.known.stages_whole;
        stage || field.into_iter().chain(other).any(|name| self.known.is_unsure(name))
    }
}

/// The rule that a path such as `rules[1].rules[0].operator` leads into.
fn rule_at<'a>(tree: &'a Value, place: &str) -> Option<&'a Value> {
    let mut node = tree;
    for index in place.split("rules[").skip(1) {
        let index: usize = index.split(']').next()?.parse().ok()?;
        node = node.get("rules")?.get(index)?;
    }
    Some(node)
}
