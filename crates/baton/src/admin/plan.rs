//! A plan as lines for a terminal: what is added (+), changed (~) and removed (-), and what hangs on it.

use baton_core::definition::{KeyChange, Needs, Part, PartKind, Plan};
use baton_engine::commands::plans::Planned;
use serde_json::Value as Json;

/// Of a value in a change; a whole condition or layout is not read on one line.
const VALUE_CHARACTERS_MAX: usize = 60;

pub fn lines(planned: &Planned) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Plan { added, changed, removed }) = &planned.plan {
        lines.extend(added.iter().map(|part| format!("+ {}", named(part))));
        for part in changed {
            lines.push(format!("~ {}{}", named(part), weight(part)));
            lines.extend(part.changes.iter().map(change));
            lines.extend(blocked(part));
        }
        for part in removed {
            lines.push(format!("- {}{}", named(part), weight(part)));
            lines.extend(blocked(part));
        }
    }
    lines.extend(planned.findings.iter().map(finding));
    lines
}

fn named(part: &Part) -> String {
    let Part { kind, name, path, .. } = part;
    match kind {
        PartKind::Option | PartKind::Step | PartKind::ChecklistItem => format!("{} {name} at {path}", kind.name()),
        _ => format!("{} {name}", kind.name()),
    }
}

fn weight(part: &Part) -> String {
    let weight = &part.weight;
    let mut told = Vec::new();
    if weight.tasks > 0 {
        let to = weight.to.as_ref().map(|to| format!(", which get {to}")).unwrap_or_default();
        told.push(format!("{}{to}", counted(weight.tasks, "task")));
    }
    if weight.collaborators > 0 {
        told.push(counted(weight.collaborators, "collaborator"));
    }
    if weight.dropped > 0 {
        told.push(format!("{} dropped", counted(weight.dropped, "scheduled stage change")));
    }
    if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) }
}

fn counted(count: i64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn change(change: &KeyChange) -> String {
    format!("    {}: {} -> {}", change.key, value(&change.from), value(&change.to))
}

fn value(json: &Json) -> String {
    let text = json.to_string();
    if text.chars().count() <= VALUE_CHARACTERS_MAX {
        return text;
    }
    format!("{}...", text.chars().take(VALUE_CHARACTERS_MAX).collect::<String>())
}

/// What keeps it from being applied, and what would let it through.
fn blocked(part: &Part) -> Option<String> {
    let Part { name, weight, .. } = part;
    let flag = match weight.needs {
        Some(Needs::MigrateStages) => format!("--migrate-stage \"{name}=STAGE\" says where they go"),
        Some(Needs::MigrateOptions) => {
            format!("--migrate-option \"FIELD:{name}=OPTION\" or --confirm-loss FIELD says what becomes of them")
        }
        Some(Needs::ConfirmLoss) => format!("--confirm-loss \"{name}\" says that the values may go"),
        None if weight.offenders > 0 => {
            let example = weight.example.as_ref().map(|example| format!(", such as {example:?}")).unwrap_or_default();
            return Some(format!("    ! refused for {}{example}", counted(weight.offenders, "task")));
        }
        None if weight.collaborators > 0 => return Some("    ! refused until they have another role".to_owned()),
        None => return None,
    };
    Some(format!("    ! refused for {}: {flag}", counted(weight.offenders, "task")))
}

fn finding(finding: &Json) -> String {
    let part = |key: &str| finding.get(key).and_then(Json::as_str).unwrap_or_default();
    format!("{} {}: {}: {}", part("severity"), part("code"), part("path"), part("message"))
}
