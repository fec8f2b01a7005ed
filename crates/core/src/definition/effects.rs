//! What is kept and given back, but not carried out in this version: saving says so.
//!
//! When a part comes to life, its line here goes.

use super::action::{Action, Requirement};
use super::document::Definition;
use super::problem::{Path, Problems};
use super::step::Step;

pub(super) fn warn(definition: &Definition, warnings: &mut Problems) {
    let root = Path::ROOT;
    let path = root.key("actions");
    for (index, action) in definition.actions.iter().enumerate() {
        warn_action(action, &path.index(index), warnings);
    }
    let lists = [
        ("automations", definition.automations.len()),
        ("views", definition.views.len()),
        ("forms", definition.forms.len()),
        ("links", definition.links.len()),
    ];
    for (key, length) in lists {
        let path = root.key(key);
        for index in 0..length {
            warnings.add(&path.index(index), || "has no effect yet".to_owned());
        }
    }
    for (key, present) in [("layout", definition.layout.is_some()), ("data_sync", definition.data_sync.is_some())] {
        if present {
            warnings.add(&root.key(key), || "has no effect yet".to_owned());
        }
    }
}

fn warn_action(action: &Action, path: &Path<'_>, warnings: &mut Problems) {
    let requirements = path.key("requirements");
    for (index, requirement) in action.requirements.iter().enumerate() {
        if matches!(requirement, Requirement::Confirmation(_)) {
            warnings.add(&requirements.index(index), || "confirmation has no effect yet: only pages ask for it".to_owned());
        }
    }
    let steps = path.key("steps");
    for (index, step) in action.steps.iter().enumerate() {
        if !has_effect(step) {
            warnings.add(&steps.index(index), || format!("{} has no effect yet", step.name()));
        }
    }
    let keys = [("ask", !action.ask.is_empty()), ("after", action.after.is_some()), ("confetti", action.confetti)];
    for (key, _) in keys.into_iter().filter(|(_, present)| *present) {
        warnings.add(&path.key(key), || "has no effect yet".to_owned());
    }
}

pub(super) fn has_effect(step: &Step) -> bool {
    match step {
        Step::MoveToStage(_)
        | Step::AssignTo(_)
        | Step::UpdateData(_)
        | Step::DeleteTask(_)
        | Step::AddComment(_)
        | Step::ScheduleStageChange(_)
        | Step::ApiCall(_)
        | Step::Zapier(_)
        | Step::Email(_) => true,
        Step::CreateLinkedTask(_)
        | Step::UpdateLinkedTasks(_)
        | Step::RunAction(_)
        | Step::EmailForm(_)
        | Step::Slack(_)
        | Step::Sql(_) => false,
    }
}
