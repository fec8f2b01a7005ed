//! A part that was renamed by its id takes along the references that still use its old name.

use serde_json::Value;

use super::document::Definition;
use super::identity::Renames;
use super::problem::Path;
use super::walk::{Visitor, walk};
use crate::condition::{ConditionTree, Reference};
use crate::template::rename_names;

pub(super) fn rename(definition: &mut Definition, renames: &Renames) {
    if !renames.is_empty() {
        walk(definition, &mut Renamer { renames });
    }
}

struct Renamer<'a> {
    renames: &'a Renames,
}

impl Renamer<'_> {
    fn option_of<'a>(&'a self, field: &'a str, option: &str) -> Option<&'a String> {
        let field = self.renames.fields.get(field).map_or(field, String::as_str);
        self.renames.options.get(field)?.get(option)
    }

    /// A field, or the link of `Link.Field`.
    fn name_in_template(&self, name: &str) -> Option<String> {
        let of_link = || {
            let (link, field) = name.split_once('.')?;
            self.renames.links.get(link).map(|link| format!("{link}.{field}"))
        };
        self.renames.fields.get(name).cloned().or_else(of_link)
    }
}

fn replace(name: &mut String, renamed: Option<&String>) {
    if let Some(renamed) = renamed {
        renamed.clone_into(name);
    }
}

impl Visitor for Renamer<'_> {
    fn field(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.fields.get(name));
    }

    fn column(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.fields.get(name));
    }

    fn stage(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.stages.get(name));
    }

    fn action(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.actions.get(name));
    }

    fn form(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.forms.get(name));
    }

    fn link(&mut self, name: &mut String, _path: &Path<'_>) {
        replace(name, self.renames.links.get(name));
    }

    fn option(&mut self, field: &str, name: &mut String, _path: &Path<'_>) {
        replace(name, self.option_of(field, name));
    }

    fn value(&mut self, field: &str, value: &mut Value, path: &Path<'_>) {
        match value {
            Value::String(text) => {
                replace(text, self.option_of(field, text));
                self.template(text, path);
            }
            Value::Array(items) => {
                for item in items {
                    if let Value::String(text) = item {
                        replace(text, self.option_of(field, text));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
    }

    fn template(&mut self, text: &mut String, _path: &Path<'_>) {
        if text.contains("{{") {
            *text = rename_names(text, &|name| self.name_in_template(name));
        }
    }

    fn statement(&mut self, text: &mut String, _path: &Path<'_>) {
        if text.contains("{{") {
            *text = rename_names(text, &|name| {
                let bare = name.trim_matches('%');
                self.name_in_template(bare.trim()).map(|renamed| name.replace(bare, &renamed))
            });
        }
    }

    fn condition(&mut self, tree: &mut ConditionTree, _path: &Path<'_>) {
        tree.rename(&|reference| match reference {
            Reference::Field(name) => self.renames.fields.get(name).cloned(),
            Reference::Stage(name) => self.renames.stages.get(name).cloned(),
            Reference::Option { field, option } => self.option_of(field, option).cloned(),
        });
    }
}
