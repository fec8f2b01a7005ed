//! What a document must mean, once its shape is right: every problem, each with its path.
//!
//! Nothing here stops at the first mistake, and nothing is said of what could not be read.

mod fields;
mod linked;
mod names;
mod parts;
mod references;
mod steps;
mod syntax;

use std::collections::HashSet;

use super::compile::compile_field;
use super::document::Definition;
use super::problem::{Path, Problems};
use super::walk::walk;
use crate::condition::Names;
use crate::people::Workspace;
use crate::workflow::Field;

/// Adds to `problems` what is wrong, and to `warnings` what will not work as it stands.
pub(super) fn validate(definition: &mut Definition, workspace: &Workspace, problems: &mut Problems, warnings: &mut Problems) {
    let mut report = Report { problems, warnings };
    names::check(definition, &mut report);
    fields::check(definition, &mut report);
    parts::check(definition, &mut report);

    let fields: Vec<Field> = definition.fields.iter().map(compile_field).collect();
    let stages: Vec<_> = definition.stages.iter().filter_map(|stage| Some((stage.name.clone(), stage.id?))).collect();
    let known = Known {
        names: Names::new(
            fields.iter().map(|field| (field.name.as_str(), field.id, &field.kind)),
            stages.iter().map(|(name, id)| (name.as_str(), *id)),
        ),
        fields: &fields,
        fields_whole: !report.problems.is_incomplete("fields", &[".name"]),
        stages_whole: !report.problems.is_incomplete("stages", &[".name"]),
        unsure: unsure_fields(definition, report.problems),
    };
    steps::check(definition, &known, workspace, &mut report);
    linked::check(definition, &known, &mut report);
    let mut references = references::References::new(definition, &known, workspace, &mut report);
    walk(definition, &mut references);
}

struct Report<'a> {
    problems: &'a mut Problems,
    warnings: &'a mut Problems,
}

impl Report<'_> {
    fn problem(&mut self, path: &Path<'_>, message: impl FnOnce() -> String) {
        self.problems.add(path, message);
    }

    fn warning(&mut self, path: &Path<'_>, message: impl FnOnce() -> String) {
        self.warnings.add(path, message);
    }

    /// Each name of a list once.
    fn each_once<'b>(&mut self, names: impl IntoIterator<Item = &'b String>, path: &Path<'_>) {
        let mut seen = HashSet::new();
        for (index, name) in names.into_iter().enumerate() {
            if !seen.insert(name) {
                self.problem(&path.index(index), || format!("{name} is named twice"));
            }
        }
    }
}

/// The names that the document defines, and how far they can be relied on.
struct Known<'a> {
    names: Names<'a>,
    fields: &'a [Field],
    /// Whether every field's name could be read: only then is a name that is not there a mistake.
    fields_whole: bool,
    stages_whole: bool,
    /// Fields whose type or options could not be read.
    unsure: HashSet<String>,
}

impl Known<'_> {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field, if what it takes is known for sure.
    fn sure_field(&self, name: &str) -> Option<&Field> {
        self.field(name).filter(|_| !self.unsure.contains(name))
    }

    /// Whether nothing sensible can be said about what uses this name.
    fn is_unsure(&self, name: &str) -> bool {
        self.unsure.contains(name) || (!self.fields_whole && self.names.column(name).is_none())
    }
}

fn unsure_fields(definition: &Definition, problems: &Problems) -> HashSet<String> {
    let unsure = |index: &usize| {
        let path = format!("fields[{index}]");
        ["type", "currency"].iter().any(|key| problems.is_repaired(&format!("{path}.{key}")))
            || problems.is_incomplete(&format!("{path}.options"), &[".name"])
    };
    (0..definition.fields.len()).filter(unsure).map(|index| definition.fields[index].name.clone()).collect()
}
