//! `baton lint`: what is wrong with definitions, and what in them will not do what it looks like. It needs no server.

mod sarif;
mod show;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use baton_core::definition::{self, Place, Places, compile, parse_json, parse_yaml_with_places, read};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::lint::{Finding, Severity, lint};
use baton_core::people::Workspace;
use baton_core::time::{Timestamp, zone};
use serde::Serialize;
use serde_json::Value as Json;

use super::print;
use crate::trouble::Trouble;

#[derive(clap::Args)]
#[command(after_long_help = EXIT_CODES, after_help = EXIT_CODES)]
pub struct Lint {
    /// Definitions in YAML, or in JSON if the name ends in .json; - for stdin, in either
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write the result: for people, as JSON, or as SARIF 2.1.0 for code review tools
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The least severity that makes the command fail
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    fail_on: FailOn,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  no finding of at least --fail-on
  1  findings of at least --fail-on
  2  a file can't be read, or its definition has problems and can't be saved";

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
enum FailOn {
    Info,
    Warning,
    Never,
}

/// A file with what there is to say of it.
#[derive(Serialize)]
struct Linted {
    file: String,
    /// Why it can't be saved. Where there is one there are no findings.
    problems: Vec<Placed<Problem>>,
    findings: Vec<Placed<Finding>>,
}

#[derive(Serialize)]
struct Problem {
    path: String,
    message: String,
}

/// With its place in the file, where that is known.
#[derive(Serialize)]
struct Placed<T> {
    #[serde(flatten)]
    what: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Lint {
    pub fn run(self) -> Result<(), Trouble> {
        let linted: Vec<Linted> = self.files.iter().map(|file| Linted::of(file)).collect();
        let text = match self.format {
            Format::Text => show::text(&linted),
            Format::Json => serde_json::to_string_pretty(&linted).expect("findings are JSON"),
            Format::Sarif => serde_json::to_string_pretty(&sarif::log(&linted)).expect("findings are JSON"),
        };
        print(&text)?;
        // All is said already; only the exit code is left.
        if linted.iter().any(|file| !file.problems.is_empty()) {
            return Err(Trouble::Usage(Vec::new()));
        }
        let fails = |finding: &Placed<Finding>| self.fail_on <= FailOn::from(finding.what.severity);
        if linted.iter().flat_map(|file| &file.findings).any(fails) { Err(Trouble::Refused(Vec::new())) } else { Ok(()) }
    }
}

impl From<Severity> for FailOn {
    fn from(severity: Severity) -> FailOn {
        match severity {
            Severity::Info => FailOn::Info,
            Severity::Warning => FailOn::Warning,
        }
    }
}

impl Linted {
    fn of(file: &Path) -> Linted {
        let mut linted = Linted { file: file.display().to_string(), problems: Vec::new(), findings: Vec::new() };
        let problem = |message: String| Problem { path: String::new(), message };
        let text = match text_of(file) {
            Ok(text) => text,
            Err(error) => {
                linted.problems.push(Placed::at(None, problem(format!("can't be read: {error}"))));
                return linted;
            }
        };
        match document(&text, file) {
            Err((language, error)) => {
                let place = Place { line: error.line, column: error.column };
                linted.problems.push(Placed::at(Some(place), problem(format!("is not valid {language}: {}", error.message))));
            }
            Ok((value, places)) => match findings(value) {
                Ok(findings) => {
                    linted.findings = findings.into_iter().map(|finding| Placed::at(places.of(&finding.path), finding)).collect()
                }
                Err(problems) => {
                    let told = |problem: definition::Problem| {
                        Placed::at(places.of(&problem.path), Problem { path: problem.path, message: problem.message })
                    };
                    linted.problems = problems.into_iter().map(told).collect();
                }
            },
        }
        linted
    }
}

impl<T> Placed<T> {
    fn at(place: Option<Place>, what: T) -> Placed<T> {
        Placed { what, line: place.map(|place| place.line), column: place.map(|place| place.column) }
    }
}

fn text_of(file: &Path) -> std::io::Result<String> {
    if !is_stdin(file) {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn document(text: &str, file: &Path) -> Result<(Json, Places), (&'static str, definition::TextError)> {
    let named_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if named_json || is_stdin(file) {
        match parse_json(text) {
            // JSON is YAML but for rare spellings; places are told only where both read it alike.
            Ok(value) => {
                let places = parse_yaml_with_places(text).ok().filter(|(same, _)| *same == value).map(|(_, places)| places);
                return Ok((value, places.unwrap_or_default()));
            }
            Err(error) if named_json => return Err(("JSON", error)),
            Err(_) => {}
        }
    }
    parse_yaml_with_places(text).map_err(|error| ("YAML", error))
}

/// As for a new workflow, in a workspace of which nothing is known: who is a user there is not asked.
pub fn findings(document: Json) -> Result<Vec<Finding>, Vec<definition::Problem>> {
    let mut ids = Ids(0);
    let utc = zone("UTC").expect("UTC is in every database of zones");
    let workspace = Workspace::new(ids.new_id(), String::new(), utc, None, Vec::new(), Vec::new());
    let definition = read(document, None, &workspace, &mut ids)?.definition;
    compile(workspace.id, 1, &definition)?;
    Ok(lint(&definition))
}

/// For a document that is not saved: any ids will do.
struct Ids(i64);

impl Env for Ids {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }

    fn new_id(&mut self) -> Id {
        self.0 += 1;
        Id::from_i64(self.0).expect("counted from 1")
    }

    fn salt(&mut self) -> [u8; 16] {
        [0; 16]
    }
}

#[cfg(test)]
mod tests;
