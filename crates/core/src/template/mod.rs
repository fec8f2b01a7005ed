//! Interpolation: `{{Field Name}}` in a text.

mod escape;
#[cfg(test)]
mod tests;

pub use escape::Escape;

use crate::condition::{Column, Names, Scene};
use crate::refusal::Refusal;
use crate::suggest::did_you_mean;
use crate::value;

/// A parsed text. Rendering is one pass: what a value brings in is never read as a template again.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    /// `written` is what stands in the braces, for messages after a field's removal.
    Name {
        name: Name,
        written: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    Column(Column),
    TaskUrl,
    CurrentUserId,
    CurrentUserEmail,
    CurrentUserName,
    CurrentDate,
    CurrentDateTime,
}

/// Besides the fields.
const NAMES: [(&str, Name); 10] = [
    ("Stage", Name::Column(Column::Stage)),
    ("Assigned To", Name::Column(Column::AssignedTo)),
    ("Created On", Name::Column(Column::CreatedOn)),
    ("Updated On", Name::Column(Column::UpdatedOn)),
    ("Task URL", Name::TaskUrl),
    ("currentUser.id", Name::CurrentUserId),
    ("currentUser.email", Name::CurrentUserEmail),
    ("currentUser.name", Name::CurrentUserName),
    ("currentDate", Name::CurrentDate),
    ("currentDateTime", Name::CurrentDateTime),
];

impl Template {
    /// Reads a text, or says everything that is wrong with it. Space within the braces is free. Braces that name
    /// nothing are an error rather than text: whoever wrote them meant a name.
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Template, Vec<String>> {
        let mut template = Template { parts: Vec::new() };
        let mut problems = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let after = &rest[open + 2..];
            let inside = name_in(after);
            match inside.map(|inside| (inside, name_of(inside.trim(), names))) {
                Some((inside, Some(name))) => {
                    template.push_text(&rest[..open]);
                    template.parts.push(Part::Name { name, written: inside.trim().to_owned() });
                    rest = &after[inside.len() + 2..];
                }
                // Of three braces, as JSON may have them, the first is text.
                _ if after.starts_with('{') => {
                    template.push_text(&rest[..=open]);
                    rest = &rest[open + 1..];
                }
                Some((inside, None)) => {
                    problems.push(unknown(inside, names));
                    rest = &after[inside.len() + 2..];
                }
                None => {
                    problems.push("{{ is not closed by }}".to_owned());
                    template.push_text(&rest[..open]);
                    rest = after;
                }
            }
        }
        template.push_text(rest);
        problems.dedup();
        if problems.is_empty() { Ok(template) } else { Err(problems) }
    }

    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Name { name: Name::Column(column), .. } => Some(*column),
            Part::Name { .. } | Part::Text(_) => None,
        })
    }

    /// The text for one task, of at most `bytes_max`. The template's own text is taken as it is; what the names stand for
    /// is escaped.
    pub fn render(&self, scene: &Scene<'_>, escape: Escape, bytes_max: usize) -> Result<String, Refusal> {
        let mut text = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Name { name, written } => {
                    let gone = || Refusal::PartGone { kind: "Field", name: written.clone() };
                    let escape = if escape == Escape::Markdown { self.in_markdown(index) } else { escape };
                    escape.push(&value_of(name, scene).ok_or_else(gone)?, &mut text);
                }
            }
            if text.len() > bytes_max {
                return Err(Refusal::IsTooLong { bytes_max });
            }
        }
        // `.` and `..` have no escaped form: a value must not climb out of the path that the template wrote.
        if escape == Escape::UrlPart && escape::dot_segments(&text) > escape::dot_segments(&self.outline()) {
            return Err(Refusal::IsInvalid);
        }
        Ok(text)
    }

    /// The URL for one task. A name that it begins with brings the whole of its beginning, scheme and host included; any other is
    /// a part between two delimiters.
    pub fn render_url(&self, scene: &Scene<'_>, bytes_max: usize) -> Result<String, Refusal> {
        match self.parts.split_first() {
            Some((first @ Part::Name { .. }, rest)) => {
                let base = Template { parts: vec![first.clone()] }.render(scene, Escape::Plain, bytes_max)?;
                let rest = Template { parts: rest.to_vec() }.render(scene, Escape::UrlPart, bytes_max)?;
                let url = base.trim().to_owned() + &rest;
                if url.len() > bytes_max { Err(Refusal::IsTooLong { bytes_max }) } else { Ok(url) }
            }
            _ => self.render(scene, Escape::UrlPart, bytes_max),
        }
    }

    /// How Markdown takes the value of that part: what else is in its line decides.
    fn in_markdown(&self, index: usize) -> Escape {
        let outline = |parts: &[Part]| Template { parts: parts.to_vec() }.outline();
        escape::in_markdown_line(&outline(&self.parts[..index]), &outline(&self.parts[index + 1..]))
    }

    fn push_text(&mut self, own: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(own),
            _ if own.is_empty() => {}
            _ => self.parts.push(Part::Text(own.to_owned())),
        }
    }

    /// The template's own text, with a letter where names stand.
    fn outline(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(own) => own.as_str(),
                Part::Name { .. } => "x",
            })
            .collect()
    }
}

/// The text with other names where `renamed` knows one.
pub fn rename_names(text: &str, renamed: &dyn Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let after = &rest[open + 2..];
        let new = name_in(after).and_then(|inside| Some((inside, renamed(inside.trim())?)));
        match new {
            Some((inside, new)) => {
                result.push_str(&rest[..open + 2]);
                result.push_str(&inside.replacen(inside.trim(), &new, 1));
                result.push_str("}}");
                rest = &after[inside.len() + 2..];
            }
            // One brace on, since the name may begin within a run of them.
            None => {
                result.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    result + rest
}

/// What stands before the braces that close a name. No name has double braces, so looking for the end stops at the next
/// ones: a text is read in a time that grows with its length, whatever braces it has.
fn name_in(after: &str) -> Option<&str> {
    let before_next = after.find("{{").map_or(after, |next| &after[..next]);
    before_next.find("}}").map(|close| &after[..close])
}

fn name_of(name: &str, names: &Names<'_>) -> Option<Name> {
    let own = NAMES.iter().find(|(own, _)| *own == name).map(|(_, name)| name.clone());
    own.or_else(|| names.field(name).map(|id| Name::Column(Column::Field(id))))
}

fn unknown(inside: &str, names: &Names<'_>) -> String {
    let name = inside.trim();
    if name.is_empty() {
        return "{{}} names no field".to_owned();
    }
    let known = names.field_names().chain(NAMES.iter().map(|(own, _)| *own));
    format!("{{{{{name}}}}} is not a field{}", did_you_mean(name, known))
}

/// Blank is empty, and so is the person where none acts. `None`: the workflow no longer has the field.
fn value_of(name: &Name, scene: &Scene<'_>) -> Option<String> {
    let (task, workspace) = (scene.task, scene.workspace);
    let user = scene.performer.user().and_then(|id| workspace.user(id));
    let email_of = |id| workspace.user(id).map(|user| user.email.clone()).unwrap_or_default();
    Some(match name {
        Name::Column(Column::Field(id)) => value::text(scene.workflow.field(*id)?, workspace, task.values.get(id)),
        Name::Column(Column::Stage) => scene.workflow.stage(task.stage).map(|stage| stage.name.clone()).unwrap_or_default(),
        Name::Column(Column::AssignedTo) => task.assignee.map(email_of).unwrap_or_default(),
        Name::Column(Column::CreatedBy) => task.created_by.user().map(email_of).unwrap_or_default(),
        Name::Column(Column::CreatedOn) => task.created_at.to_string(),
        Name::Column(Column::UpdatedOn) => task.updated_at.to_string(),
        Name::TaskUrl => task_url(scene),
        Name::CurrentUserId => user.map(|user| user.id.to_string()).unwrap_or_default(),
        Name::CurrentUserEmail => user.map(|user| user.email.clone()).unwrap_or_default(),
        Name::CurrentUserName => user.map(|user| user.full_name()).unwrap_or_default(),
        Name::CurrentDate => scene.now.date_in(&workspace.zone).to_string(),
        Name::CurrentDateTime => scene.now.to_string(),
    })
}

fn task_url(scene: &Scene<'_>) -> String {
    format!("{}/workflows/{}/tasks/{}", scene.public_url, scene.workflow.id, scene.task.id)
}
