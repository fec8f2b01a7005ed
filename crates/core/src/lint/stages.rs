//! Stages that tasks can't reach, can't leave, or can't bring to an end; and those in which no role can do anything.

use super::Code;
use super::finding::{Point, Severity};
use super::flow::Flow;
use super::model::{Findings, Kind, Model, may_take};
use crate::definition::step;

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let stages = &model.definition.stages;
    let severity = model.severity_of_ways();
    for (index, stage) in stages.iter().enumerate().filter(|(index, _)| !flow.is_reached(*index)) {
        let name = &stage.name;
        let (why, way) = blocked_way(model, index);
        let message = format!("No task can reach {name}: {why}. Let an action move tasks to {name}, or remove the stage.");
        findings.add(Code::StageUnreachable, severity, format!("stages[{index}]"), message, way);
    }
    // A workflow of one stage is a list: nothing is to come to an end.
    if stages.len() > 1 {
        check_ends(model, flow, severity, findings);
    }
    check_roles(model, flow, findings);
}

fn check_ends(model: &Model<'_>, flow: &Flow, severity: Severity, findings: &mut Findings) {
    let stages = &model.definition.stages;
    let with_end = flow.with_end(model);
    if !stages.iter().any(|stage| stage.end) && !with_end[0] {
        let message = "No stage is an end, so that tasks stay active for ever. Say `end: true` of the stages in which the work is done.";
        findings.add(Code::StageWithoutEnd, severity, "stages".to_owned(), message.to_owned(), vec![Point::stage(&stages[0].name)]);
    }
    for (index, stage) in stages.iter().enumerate().filter(|(index, stage)| flow.is_reached(*index) && !stage.end) {
        let (name, path) = (&stage.name, format!("stages[{index}]"));
        if !flow.has_exit(index) {
            let message = format!(
                "A task that comes to {name} stays there: nothing moves it on. Add an action from {name}, or say `end: true` of it."
            );
            findings.add(Code::StageWithoutExit, severity, path, message, flow.path_to(index, model));
        } else if !with_end[index] && stages.iter().any(|stage| stage.end) {
            let message =
                format!("From {name} no end can be reached, so that its tasks stay active for ever. Add a way from {name} to an end.");
            findings.add(Code::StageWithoutEnd, severity, path, message, flow.path_to(index, model));
        }
    }
}

/// Why nothing leads to the stage, with what would if it could.
fn blocked_way(model: &Model<'_>, stage: usize) -> (String, Vec<Point>) {
    let leads_there = |step: &step::Step| match step {
        step::Step::MoveToStage(step) => model.stage(&step.stage) == Some(stage),
        step::Step::ScheduleStageChange(step) => model.stage(&step.stage) == Some(stage),
        _ => false,
    };
    let here = Point::stage(model.stage_name(stage));
    let Some(source) = model.sources.iter().find(|source| source.steps.iter().any(|step| leads_there(step.step))) else {
        return ("nothing moves one there".to_owned(), vec![here]);
    };
    let mut way = vec![source.point(), here];
    if let Kind::Action(action) = source.kind {
        way.splice(0..0, action.from.first().map(|from| Point::stage(from)));
    }
    (format!("{} would move one there, but never does", source.name()), way)
}

/// A stage that only Administrators can do something in, and nothing else moves tasks on from.
fn check_roles(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    for (index, stage) in model.definition.stages.iter().enumerate().filter(|(_, stage)| !stage.end) {
        let running = || model.sources.iter().enumerate().filter(|(source, _)| flow.runs_in(*source, index)).map(|(_, source)| source);
        let actions: Vec<_> = running()
            .filter_map(|source| match source.kind {
                Kind::Action(action) => Some(action),
                Kind::Automation(_) => None,
            })
            .collect();
        let moves = |step: &step::Step| {
            matches!(
                step,
                step::Step::MoveToStage(_) | step::Step::ScheduleStageChange(_) | step::Step::DeleteTask(_) | step::Step::RunAction(_)
            )
        };
        let automated =
            running().any(|source| matches!(source.kind, Kind::Automation(_)) && source.steps.iter().any(|step| moves(step.step)));
        let moved_on = automated || flow.is_timed(index);
        let may_act = model.roles().any(|role| actions.iter().any(|action| may_take(role, action)));
        if actions.is_empty() || moved_on || may_act || model.roles().next().is_none() {
            continue;
        }
        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        let message = format!(
            "Every role can see tasks in {0}, and none can take an action there: {1} is left to Administrators. Give a role an action of {0}.",
            stage.name,
            names.join(", ")
        );
        let mut points = vec![Point::stage(&stage.name)];
        points.extend(model.roles().map(|role| Point::role(&role.name)));
        findings.add(Code::RoleWithoutAction, Severity::Info, format!("stages[{index}]"), message, points);
    }
}
