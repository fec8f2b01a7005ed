//! Names are NFC and trimmed, where they are given and where they are used.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::document::Definition;
use super::problem::Path;
use super::walk::{Visitor, walk};
use crate::condition::{ConditionTree, Reference};
use crate::template::rename_names;

pub(super) fn normalise(definition: &mut Definition) {
    normalise_given(definition);
    walk(definition, &mut Normaliser);
}

fn normalise_given(definition: &mut Definition) {
    normalise_name(&mut definition.name);
    if let Some(record) = &mut definition.record {
        normalise_name(&mut record.singular);
        normalise_name(&mut record.plural);
    }
    for field in &mut definition.fields {
        normalise_name(&mut field.name);
        field.options.iter_mut().flatten().for_each(|option| normalise_name(&mut option.name));
    }
    for stage in &mut definition.stages {
        normalise_name(&mut stage.name);
        for section in &mut stage.checklist {
            section.section.iter_mut().for_each(normalise_name);
            section.items.iter_mut().for_each(|item| normalise_name(&mut item.title));
        }
    }
    definition.actions.iter_mut().for_each(|action| normalise_name(&mut action.name));
    definition.automations.iter_mut().for_each(|automation| normalise_name(&mut automation.name));
    definition.roles.iter_mut().for_each(|role| normalise_name(&mut role.name));
    definition.views.iter_mut().for_each(|view| normalise_name(&mut view.name));
    definition.forms.iter_mut().for_each(|form| normalise_name(&mut form.name));
    for link in &mut definition.links {
        normalise_name(&mut link.name);
        normalise_name(&mut link.to);
        normalise_name(&mut link.inverse);
    }
}

/// A name as definitions keep it.
pub fn normal_name(name: &str) -> String {
    normalised(name).unwrap_or_else(|| name.to_owned())
}

fn normalise_name(name: &mut String) {
    if let Some(normalised) = normalised(name) {
        *name = normalised;
    }
}

/// The name as it should be, if that differs.
fn normalised(name: &str) -> Option<String> {
    let trimmed = name.trim();
    if is_nfc(trimmed) { (trimmed.len() != name.len()).then(|| trimmed.to_owned()) } else { Some(trimmed.nfc().collect()) }
}

struct Normaliser;

impl Visitor for Normaliser {
    fn field(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn column(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn stage(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn action(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn form(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn link(&mut self, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn option(&mut self, _field: &str, name: &mut String, _path: &Path<'_>) {
        normalise_name(name);
    }

    fn template(&mut self, text: &mut String, _path: &Path<'_>) {
        if !is_nfc(text) && text.contains("{{") {
            *text = rename_names(text, &normalised);
        }
    }

    fn statement(&mut self, text: &mut String, path: &Path<'_>) {
        self.template(text, path);
    }

    /// Option values are left alone: what a text field is compared with is nobody's name.
    fn condition(&mut self, tree: &mut ConditionTree, _path: &Path<'_>) {
        tree.rename(&|reference| match reference {
            Reference::Field(name) | Reference::Stage(name) => normalised(name),
            Reference::Option { .. } => None,
        });
    }

    fn user(&mut self, email: &mut String, _path: &Path<'_>) {
        normalise_name(email);
    }
}
