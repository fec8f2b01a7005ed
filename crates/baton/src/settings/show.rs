//! `baton config`: what is in force, as a file that would set the same.

use super::masked::masked;
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
            let number = value.parse::<u64>().is_ok();
            let value = if number { value } else { toml::Value::String(value).to_string() };
            (format!("{key} = {value}"), origin.to_string())
        }
        None => (format!("# {key}"), "not set".to_owned()),
    }
}
