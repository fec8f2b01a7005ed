//! `baton apply`

use std::path::{Path, PathBuf};

use baton_core::definition::{parse_json, parse_yaml};
use serde_json::{Map, Value as Json, json};

use super::print;
use crate::admin::{self, Answer, Applied, Change, Planned, Request};
use crate::settings::Settings;
use crate::trouble::{Trouble, note};

#[derive(clap::Args)]
pub struct Apply {
    /// Definitions in YAML, or in JSON if the name ends in .json
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The workflow to change, by id or name, where it is not the one that has the document's name
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// By name or id; may be left out if there is only one
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// Only show what would change, and how many tasks each change touches
    #[arg(long)]
    plan: bool,
    /// The plan as JSON, for programs
    #[arg(long, requires = "plan")]
    json: bool,
    /// End with 2 where anything would change
    #[arg(long, requires = "plan")]
    detailed_exit_code: bool,
    /// The stage that tasks of a removed stage go to
    #[arg(long, value_name = "OLD=NEW", value_parser = pair)]
    migrate_stage: Vec<(String, String)>,
    /// The option that is chosen instead of a removed one
    #[arg(long, value_name = "FIELD:OLD=NEW", value_parser = triple)]
    migrate_option: Vec<(String, String, String)>,
    /// A field that is removed, or loses options, though tasks have values in it
    #[arg(long, value_name = "FIELD")]
    confirm_loss: Vec<String>,
}

impl Apply {
    /// Each file is a transaction of its own. Nothing is applied when one can't be read; when one is refused, the
    /// others still are, so that one run tells all problems.
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        if self.workflow.is_some() && self.files.len() > 1 {
            return Err(Trouble::usage("--workflow names one workflow: give one FILE with it"));
        }
        let migrates = !self.migrate_stage.is_empty() || !self.migrate_option.is_empty() || !self.confirm_loss.is_empty();
        if migrates && self.files.len() > 1 {
            return Err(Trouble::usage(
                "--migrate-stage, --migrate-option and --confirm-loss are for one workflow: give one FILE with them",
            ));
        }
        let mut documents = read_all(&self.files)?;
        documents.iter_mut().for_each(|(_, document)| self.ask_in(document));
        if self.plan { self.show_plans(settings, documents) } else { self.apply(settings, documents) }
    }

    fn apply(&self, settings: &Settings, documents: Vec<(String, Json)>) -> Result<(), Trouble> {
        let mut problems = Vec::new();
        for (file, document) in documents {
            let (workspace, workflow) = (self.workspace.clone(), self.workflow.clone());
            match admin::ask(settings, Request::Apply { workspace, workflow, document }) {
                Ok(Answer::Applied(applied)) => told(&file, &applied)?,
                Ok(_) => return Err(super::unexpected()),
                Err(Trouble::Refused(sentences)) => {
                    note(&format!("{file}: not applied"));
                    problems.extend(sentences.iter().map(|sentence| format!("{file}: {sentence}")));
                }
                Err(other) => return Err(other),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Trouble::Refused(problems)) }
    }

    fn show_plans(&self, settings: &Settings, documents: Vec<(String, Json)>) -> Result<(), Trouble> {
        let (mut problems, mut shown, mut changes) = (Vec::new(), Vec::new(), false);
        for (file, document) in documents {
            let (workspace, workflow) = (self.workspace.clone(), self.workflow.clone());
            let planned = match admin::ask(settings, Request::Plan { workspace, workflow, document })? {
                Answer::Planned(planned) => planned,
                _ => return Err(super::unexpected()),
            };
            changes |= planned.changes;
            problems.extend(planned.errors.iter().map(|sentence| format!("{file}: {sentence}")));
            if self.json { shown.push(as_json(&file, planned)) } else { show_plan(&file, &planned)? }
        }
        if self.json {
            print(&Json::from(shown).to_string())?;
        }
        match problems.is_empty() {
            false => Err(Trouble::Refused(problems)),
            true if changes && self.detailed_exit_code => Err(Trouble::WouldChange),
            true => Ok(()),
        }
    }

    /// Adds what the flags say to what the document says.
    fn ask_in(&self, document: &mut Json) {
        let Json::Object(document) = document else { return };
        for (old, new) in &self.migrate_stage {
            if let Some(stages) = inner(document, "migrate").and_then(|migrate| inner(migrate, "stages")) {
                stages.insert(old.clone(), new.as_str().into());
            }
        }
        for (field, old, new) in &self.migrate_option {
            let options = inner(document, "migrate").and_then(|migrate| inner(migrate, "options"));
            if let Some(options) = options.and_then(|options| inner(options, field)) {
                options.insert(old.clone(), new.as_str().into());
            }
        }
        if !self.confirm_loss.is_empty()
            && let Json::Array(fields) = document.entry("confirm_loss").or_insert_with(|| json!([]))
        {
            fields.extend(self.confirm_loss.iter().map(|field| Json::from(field.as_str())));
        }
    }
}

/// The object under a key. What is something else there is refused with the document.
fn inner<'a>(object: &'a mut Map<String, Json>, key: &str) -> Option<&'a mut Map<String, Json>> {
    object.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (old, new) = text.split_once('=').ok_or("must be OLD=NEW")?;
    Ok((old.to_owned(), new.to_owned()))
}

fn triple(text: &str) -> Result<(String, String, String), String> {
    let (field, options) = text.split_once(':').ok_or("must be FIELD:OLD=NEW")?;
    let (old, new) = options.split_once('=').ok_or("must be FIELD:OLD=NEW")?;
    Ok((field.to_owned(), old.to_owned(), new.to_owned()))
}

fn told(file: &str, applied: &Applied) -> Result<(), Trouble> {
    warn(file, &applied.warnings);
    let Applied { name, revision, .. } = applied;
    match applied.change {
        Change::Created => note(&format!("{file}: created {name}")),
        Change::Changed => note(&format!("{file}: changed {name}, now at revision {revision}")),
        Change::Unchanged => note(&format!("{file}: {name} is so already, at revision {revision}")),
    }
    print(&applied.workflow)
}

fn show_plan(file: &str, planned: &Planned) -> Result<(), Trouble> {
    warn(file, &planned.warnings);
    match (planned.changes, planned.errors.is_empty()) {
        (true, true) => print(&format!("{file}: would change"))?,
        (_, false) => print(&format!("{file}: would be refused"))?,
        (false, true) => print(&format!("{file}: nothing would change"))?,
    }
    planned.lines.iter().try_for_each(|line| print(&format!("  {line}")))
}

fn as_json(file: &str, planned: Planned) -> Json {
    let mut shown = Map::from_iter([("file".to_owned(), Json::from(file))]);
    if let Json::Object(keys) = planned.json {
        shown.extend(keys);
    }
    Json::Object(shown)
}

fn warn(file: &str, warnings: &[String]) {
    for warning in warnings {
        note(&format!("warning: {file}: {warning}"));
    }
}

fn read_all(files: &[PathBuf]) -> Result<Vec<(String, Json)>, Trouble> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let shown = file.display().to_string();
        match read(file) {
            Ok(document) => documents.push((shown, document)),
            Err(problem) => problems.push(format!("{shown}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(documents) } else { Err(Trouble::Refused(problems)) }
}

fn read(file: &Path) -> Result<Json, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("can't be read: {error}"))?;
    let json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if json {
        parse_json(&text).map_err(|error| format!("is not valid JSON: {error}"))
    } else {
        parse_yaml(&text).map_err(|error| format!("is not valid YAML: {error}"))
    }
}
