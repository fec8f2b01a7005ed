//! `baton config`: what is in force, as a file that would set the same.

use super::masked::masked;
use super::parse::list;
use super::table::{OUTBOUND_ALLOW, Setting};
use super::{InForce, Settings};

pub fn show(settings: &Settings) -> String {
    let lines: Vec<(String, String)> = settings.in_force.iter().map(line).collect();
    let width = lines.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    lines.into_iter().map(|(left, right)| format!("{left:width$}  # {right}\n")).collect()
}

fn line(line: &InForce) -> (String, String) {
    let key = line.setting.key;
    match &line.value {
        Some((value, origin)) => {
            let value = masked(line.setting, value);
            (format!("{key} = {}", in_file(line.setting, value)), origin.to_string())
        }
        None => (format!("# {key}"), "not set".to_owned()),
    }
}

fn in_file(setting: &Setting, value: String) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned());
    if setting.key == OUTBOUND_ALLOW.key {
        return toml::Value::Array(list(&value).map(text).collect()).to_string();
    }
    if value.parse::<u64>().is_ok() { value } else { text(&value).to_string() }
}
