//! Actions that can never be taken, that do the same, or that ask for a checklist where there is none.

use std::collections::{HashMap, HashSet};

use super::Code;
use super::finding::{Point, Severity};
use super::flow::Flow;
use super::model::{Findings, Kind, Model};
use crate::definition::action::{Action, NotPerformer, Requirement};
use crate::definition::step::Step;

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    let named = named_actions(model);
    // An action is the source of the same number.
    for (index, action) in model.definition.actions.iter().enumerate() {
        if !flow.can_run(index) {
            never_taken(action, index, model, flow, findings);
        }
        check_checklist(action, index, model, findings);
        if named.contains(action.name.as_str()) || action.steps.iter().any(tells_the_action) {
            continue;
        }
        let same = seen.entry(effect(action, model)).or_default();
        if let Some(first) = same.iter().find(|first| together(**first, index, model, flow).is_some()) {
            alike(*first, index, model, flow, findings);
        }
        same.push(index);
    }
}

fn never_taken(action: &Action, source: usize, model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let from: Vec<usize> = action.from.iter().filter_map(|name| model.stage(name)).collect();
    let name = &action.name;
    let path = model.sources[source].path.clone();
    match from.iter().find(|stage| flow.is_reached(**stage)) {
        Some(stage) => {
            let mut way = flow.path_to(*stage, model);
            way.push(Point::action(name));
            let message = format!("{name} can never be taken: its requirements can't all hold in any stage of `from`. Change one of them.");
            findings.add(Code::ActionNeverTaken, Severity::Warning, path, message, way);
        }
        None => {
            let way = from.first().map(|stage| Point::stage(model.stage_name(*stage))).into_iter().chain([Point::action(name)]);
            let message =
                format!("{name} can never be taken: no task reaches a stage of `from`. Add a stage that tasks reach, or remove {name}.");
            findings.add(Code::ActionNeverTaken, model.severity_of_ways(), path, message, way.collect());
        }
    }
}

fn check_checklist(action: &Action, index: usize, model: &Model<'_>, findings: &mut Findings) {
    let has_items = |name: &String| {
        let stage = model.stage(name).map(|stage| &model.definition.stages[stage]);
        stage.is_none_or(|stage| stage.checklist.iter().any(|section| !section.items.is_empty()))
    };
    if action.from.iter().any(has_items) {
        return;
    }
    for (number, _) in action.requirements.iter().enumerate().filter(|(_, requirement)| matches!(requirement, Requirement::Checklist(_))) {
        let message = format!(
            "{} requires a checklist, and {} has none. Give a stage of `from` a `checklist`, or remove the requirement.",
            action.name,
            action.from.join(", ")
        );
        let points = action.from.iter().map(|stage| Point::stage(stage)).collect();
        let path = format!("actions[{index}].requirements[{number}]");
        findings.add(Code::ChecklistMissing, Severity::Warning, path, message, points);
    }
}

/// Everything by which one action differs from another for who takes it, but for name and colour.
fn effect(action: &Action, model: &Model<'_>) -> String {
    let steps: Vec<Step> = action
        .steps
        .iter()
        .cloned()
        .map(|mut step| {
            step.set_id(None);
            step
        })
        .collect();
    let roles: Vec<bool> = model.roles().map(|role| super::model::may_take(role, action)).collect();
    let parts = (steps, &action.requirements, &action.ask, action.confirm, action.after, roles);
    serde_json::to_string(&parts).expect("a definition has text keys only")
}

/// Actions that something else tells apart by name.
fn named_actions<'a>(model: &Model<'a>) -> HashSet<&'a str> {
    let followed = model.sources.iter().filter_map(|source| source.follows());
    let requirements = model.definition.actions.iter().flat_map(|action| &action.requirements);
    let barred = requirements.flat_map(|requirement| match requirement {
        Requirement::Performer(requirement) => requirement.not.as_slice(),
        _ => &[],
    });
    let barred = barred.filter_map(|not| match not {
        NotPerformer::Action(name) => Some(name.as_str()),
        NotPerformer::Creator | NotPerformer::Assignee => None,
    });
    followed.chain(barred).collect()
}

/// The default format says which action it was.
fn tells_the_action(step: &Step) -> bool {
    match step {
        Step::ApiCall(call) => call.body.is_none(),
        Step::Zapier(_) => true,
        _ => false,
    }
}

/// A stage in which both can be taken.
fn together(first: usize, second: usize, model: &Model<'_>, flow: &Flow) -> Option<usize> {
    (0..model.definition.stages.len()).find(|stage| flow.runs_in(first, *stage) && flow.runs_in(second, *stage))
}

fn alike(first: usize, second: usize, model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let (Kind::Action(one), Kind::Action(other)) = (model.sources[first].kind, model.sources[second].kind) else { return };
    let stage = together(first, second, model, flow).map(|stage| model.stage_name(stage)).unwrap_or_default();
    let message = format!(
        "{} does the same as {} in {stage}: only the history tells them apart. Let one of them do something else, or remove it.",
        other.name, one.name
    );
    let points = vec![Point::stage(stage), Point::action(&one.name), Point::action(&other.name)];
    findings.add(Code::ActionsAlike, Severity::Info, model.sources[second].path.clone(), message, points);
}
