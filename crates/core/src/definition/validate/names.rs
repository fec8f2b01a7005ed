//! Names: their form, the reserved ones, and that no two parts share one.

use std::collections::HashMap;

use super::super::document::Definition;
use super::super::problem::Path;
use super::Report;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::value::fold;

/// What a field or link is never called: tasks and templates use these for something else.
const RESERVED: [&str; 9] =
    ["Stage", "Assigned To", "Task URL", "Created On", "Updated On", "Created By", "currentUser", "currentDate", "currentDateTime"];

pub(super) fn check(definition: &Definition, report: &mut Report<'_>) {
    let root = Path::ROOT;
    check_form(&definition.name, &root.key("name"), report);
    if let Some(record) = &definition.record {
        let path = root.key("record");
        check_form(&record.singular, &path.key("singular"), report);
        check_form(&record.plural, &path.key("plural"), report);
    }

    let mut columns = Taken::default();
    let path = root.key("fields");
    for (index, field) in definition.fields.iter().enumerate() {
        let path = path.index(index);
        columns.check_column(&field.name, &path, report);
        let mut options = Taken::default();
        let path = path.key("options");
        for (index, option) in field.options.iter().flatten().enumerate() {
            options.check(&option.name, &path.index(index), report);
        }
    }
    let path = root.key("links");
    for (index, link) in definition.links.iter().enumerate() {
        let path = path.index(index);
        columns.check_column(&link.name, &path, report);
        check_form(&link.to, &path.key("to"), report);
        check_form(&link.inverse, &path.key("inverse"), report);
    }

    check_list(definition.stages.iter().map(|stage| &stage.name), "stages", report);
    check_list(definition.actions.iter().map(|action| &action.name), "actions", report);
    check_list(definition.automations.iter().map(|automation| &automation.name), "automations", report);
    check_list(definition.roles.iter().map(|role| &role.name), "roles", report);
    check_list(definition.views.iter().map(|view| &view.name), "views", report);
    check_list(definition.forms.iter().map(|form| &form.name), "forms", report);
}

fn check_list<'a>(names: impl Iterator<Item = &'a String>, key: &str, report: &mut Report<'_>) {
    let mut taken = Taken::default();
    let path = Path::ROOT.key(key);
    for (index, name) in names.enumerate() {
        taken.check(name, &path.index(index), report);
    }
}

/// Folded names and where they were met.
#[derive(Default)]
struct Taken {
    places: HashMap<String, String>,
}

impl Taken {
    fn check(&mut self, name: &str, part: &Path<'_>, report: &mut Report<'_>) {
        let path = part.key("name");
        // Names beyond the limit say so; folding a megabyte would add nothing.
        if !check_form(name, &path, report) || report.problems.is_repaired(&path.to_string()) {
            return;
        }
        match self.places.entry(fold(name)) {
            std::collections::hash_map::Entry::Occupied(first) => {
                report.problem(&path, || format!("{name} is also the name of {}; names differ by more than case", first.get()));
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(part.to_string());
            }
        }
    }

    /// A field or a link, which stand beside each other in a task.
    fn check_column(&mut self, name: &str, part: &Path<'_>, report: &mut Report<'_>) {
        self.check(name, part, report);
        let path = part.key("name");
        if name.starts_with(['_', '-']) {
            report.problem(&path, || format!("{name} begins with {}; names of fields and links don't begin with _ or -", &name[..1]));
        }
        if let Some(reserved) = RESERVED.iter().find(|reserved| reserved.eq_ignore_ascii_case(name)) {
            report.problem(&path, || format!("{name} can't be used: {reserved} has a meaning of its own in every task"));
        }
    }
}

/// Whether the name has the form of one; names are trimmed and NFC by now.
fn check_form(name: &str, path: &Path<'_>, report: &mut Report<'_>) -> bool {
    if name.is_empty() {
        report.problem(path, || format!("is blank; a name has 1 to {NAME_CHARACTERS_MAX} characters"));
        return false;
    }
    let characters = name.chars().count();
    if characters > NAME_CHARACTERS_MAX {
        report.problem(path, || format!("has {characters} characters; at most {NAME_CHARACTERS_MAX} are allowed"));
        return false;
    }
    if name.chars().any(char::is_control) {
        report.problem(path, || format!("{name:?} holds a control character, which no name may"));
    }
    if name.contains("{{") || name.contains("}}") {
        report.problem(path, || format!("{name} holds {{{{ or }}}}, which no name may"));
    }
    true
}
