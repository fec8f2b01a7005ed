//! Where values come from, and which of them counts.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use baton_core::suggest::did_you_mean;

use super::table::{API_KEY, OUTBOUND_ALLOW, SETTINGS};
use super::{Flags, InForce};

const PREFIX: &str = "BATON_";
const CONFIG_VARIABLE: &str = "BATON_CONFIG";
/// Read elsewhere: it makes tests of crashes possible.
const OTHER_VARIABLES: [&str; 1] = ["BATON_FAIL_POINT"];
const FILE: &str = "./baton.toml";
pub(super) const LIST_SEPARATOR: &str = ",";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(String),
    Environment(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag --{flag}"),
            Origin::Environment(variable) => write!(f, "environment {variable}"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The variables that begin with `BATON_`. An empty one counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, OsString>);

impl Environment {
    pub fn of_process() -> Environment {
        Environment::of(std::env::vars_os())
    }

    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
        let named = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Environment(named.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect())
    }

    /// Sentences about variables that look like settings and are none. No error: a container may be given others'.
    pub fn warnings(&self) -> Vec<String> {
        let known: Vec<String> = SETTINGS.iter().map(|setting| setting.variable()).chain([CONFIG_VARIABLE.to_owned()]).collect();
        let mut unknown: Vec<&String> =
            self.0.keys().filter(|name| !known.contains(name) && !OTHER_VARIABLES.contains(&name.as_str())).collect();
        unknown.sort();
        let sentence =
            |name: &String| format!("{name} is not a setting{}; it is ignored", did_you_mean(name, known.iter().map(String::as_str)));
        unknown.into_iter().map(sentence).collect()
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let text = self.0.get(name).map(|value| value.clone().into_string());
        text.transpose().map_err(|value| format!("{name} is {}; allowed is UTF-8", value.display()))
    }
}

/// Each setting with the value that counts; or every sentence about what can't be read.
pub(super) fn merge(flags: &Flags, environment: &Environment) -> Result<Vec<InForce>, Vec<String>> {
    let file = File::read(flags, environment)?;
    let mut problems = file.problems();
    let in_force = SETTINGS.iter().map(|setting| {
        let flag = flags.values.get(setting.key).map(|value| (value.clone(), Origin::Flag(setting.flag())));
        let variable = || match environment.text(&setting.variable()) {
            Ok(value) => value.map(|value| (value, Origin::Environment(setting.variable()))),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let in_file = || file.values.get(setting.key).map(|value| (value.clone(), Origin::File(file.path.clone())));
        let default = || setting.default.map(|value| (value.to_owned(), Origin::Default));
        InForce { setting, value: flag.or_else(variable).or_else(in_file).or_else(default) }
    });
    let in_force = in_force.collect();
    if problems.is_empty() { Ok(in_force) } else { Err(problems) }
}

/// The file's values by key; one that is not there has none.
#[derive(Default)]
struct File {
    path: PathBuf,
    values: HashMap<String, String>,
    /// What is neither a text nor a number, nor a list of texts where one is wanted.
    shapeless: Vec<(String, String)>,
}

impl File {
    fn read(flags: &Flags, environment: &Environment) -> Result<File, Vec<String>> {
        let named = match &flags.config {
            Some(path) => Some(path.clone()),
            None => environment.text(CONFIG_VARIABLE).map_err(|problem| vec![problem])?.map(PathBuf::from),
        };
        let path = named.clone().unwrap_or_else(|| PathBuf::from(FILE));
        match std::fs::read_to_string(&path) {
            Ok(text) => File::parse(&path, &text).map_err(|problem| vec![problem]),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(File::default()),
            Err(error) => Err(vec![format!("{} can't be read: {error}", path.display())]),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<File, String> {
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!("{} is not valid TOML: {} at line {line}", path.display(), error.message())
        })?;
        let mut file = File { path: path.to_owned(), ..File::default() };
        file.flatten("", &table);
        Ok(file)
    }

    fn flatten(&mut self, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value {
                toml::Value::Table(table) => self.flatten(&format!("{key}."), table),
                toml::Value::String(text) => drop(self.values.insert(key, text.clone())),
                toml::Value::Integer(number) => drop(self.values.insert(key, number.to_string())),
                toml::Value::Float(number) => drop(self.values.insert(key, number.to_string())),
                toml::Value::Array(list) if key == OUTBOUND_ALLOW.key && list.iter().all(toml::Value::is_str) => {
                    let texts: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
                    self.values.insert(key, texts.join(LIST_SEPARATOR));
                }
                other => self.shapeless.push((key, other.to_string())),
            }
        }
    }

    /// Sentences about keys that are no settings, and values that no setting has.
    fn problems(&self) -> Vec<String> {
        let path = self.path.display();
        let keys = || SETTINGS.iter().map(|setting| setting.key).filter(|key| *key != API_KEY.key);
        let unknown = |key: &str| format!("{path}: {key} is not a setting{}", did_you_mean(key, keys()));
        let mut problems: Vec<String> =
            self.values.keys().filter(|key| !keys().any(|known| known == *key)).map(|key| unknown(key)).collect();
        problems.extend(self.shapeless.iter().map(|(key, value)| match SETTINGS.iter().find(|setting| setting.key == key) {
            Some(setting) => format!("{key} is {value} (file {path}); allowed is {}", setting.allowed),
            None => unknown(key),
        }));
        problems.sort();
        problems
    }
}
