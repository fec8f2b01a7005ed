//! Texts that name a field of a linked task: kept where they do nothing yet, refused where a step runs, for no link leads anywhere yet.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::super::document::Definition;
use super::super::effects::has_effect;
use super::super::problem::Path;
use super::super::walk::{Visitor, walk_step};
use super::{Known, Report};
use crate::suggest::did_you_mean;
use crate::template::rename_names;

pub(super) fn check(definition: &mut Definition, known: &Known<'_>, report: &mut Report<'_>) {
    let links: Vec<String> = definition.links.iter().map(|link| link.name.clone()).collect();
    let mut linked = Linked { links: &links, known, report };
    let path = Path::ROOT.key("actions");
    for (index, action) in definition.actions.iter_mut().enumerate() {
        let path = path.index(index);
        let path = path.key("steps");
        for (index, step) in action.steps.iter_mut().enumerate().filter(|(_, step)| has_effect(step)) {
            walk_step(step, &path.index(index), &mut linked);
        }
    }
}

/// `Link.Field`, unless a field has that whole name.
pub(super) fn is_linked(name: &str, links: &[String], known: &Known<'_>) -> bool {
    let link = name.split_once('.').map(|(link, _)| link);
    link.is_some_and(|link| links.iter().any(|known| known == link)) && known.fields_whole && known.names.column(name).is_none()
}

struct Linked<'a, 'b> {
    links: &'a [String],
    known: &'a Known<'a>,
    report: &'a mut Report<'b>,
}

impl Visitor for Linked<'_, '_> {
    fn template(&mut self, text: &mut String, path: &Path<'_>) {
        let found: RefCell<BTreeSet<String>> = RefCell::default();
        rename_names(text, &|name| {
            if is_linked(name, self.links, self.known) {
                found.borrow_mut().insert(name.to_owned());
            }
            None
        });
        for name in found.into_inner() {
            self.report.problem(path, || {
                let own = name.split_once('.').map_or("", |(_, field)| field);
                let meant = did_you_mean(own, self.known.names.field_names());
                format!("{{{{{name}}}}} leads to a linked task, and links have no effect yet{meant}")
            });
        }
    }

    fn value(&mut self, _field: &str, value: &mut Value, path: &Path<'_>) {
        if let Value::String(text) = value {
            self.template(text, path);
        }
    }
}
