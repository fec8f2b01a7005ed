//! `baton apply`

use std::path::{Path, PathBuf};

use baton_core::definition::{parse_json, parse_yaml};
use serde_json::Value as Json;

use super::print;
use crate::admin::{self, Answer, Applied, Change, Request};
use crate::settings::Settings;
use crate::trouble::Trouble;

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
}

impl Apply {
    /// Each file is a transaction of its own. Nothing is applied when one can't be read; when one is refused, the
    /// others still are, so that one run tells all problems.
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        if self.workflow.is_some() && self.files.len() > 1 {
            return Err(Trouble::usage("--workflow names one workflow: give one FILE with it"));
        }
        let documents = read_all(&self.files)?;
        let mut problems = Vec::new();
        for (file, document) in documents {
            let (workspace, workflow) = (self.workspace.clone(), self.workflow.clone());
            match admin::ask(settings, Request::Apply { workspace, workflow, document }) {
                Ok(Answer::Applied(applied)) => told(&file, &applied)?,
                Ok(_) => return Err(super::unexpected()),
                Err(Trouble::Refused(sentences)) => {
                    eprintln!("{file}: not applied");
                    problems.extend(sentences.iter().map(|sentence| format!("{file}: {sentence}")));
                }
                Err(usage) => return Err(usage),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Trouble::Refused(problems)) }
    }
}

fn told(file: &str, applied: &Applied) -> Result<(), Trouble> {
    for warning in &applied.warnings {
        eprintln!("warning: {file}: {warning}");
    }
    let Applied { name, revision, .. } = applied;
    match applied.change {
        Change::Created => eprintln!("{file}: created {name}"),
        Change::Changed => eprintln!("{file}: changed {name}, now at revision {revision}"),
        Change::Unchanged => eprintln!("{file}: {name} is so already, at revision {revision}"),
    }
    print(&applied.workflow)
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
