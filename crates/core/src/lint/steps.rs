//! Steps that come too late, and steps whose work is undone at once.

use super::Code;
use super::finding::{Point, Severity};
use super::flow::Flow;
use super::model::{Findings, Kind, Model, Runs, Source};
use crate::definition::step::Step;

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    for (index, source) in model.sources.iter().enumerate() {
        if flow.can_run(index) {
            check_deletion(source, findings);
            check_moves(source, findings);
        }
    }
}

/// What goes out after the deletion still sees a picture of the task; what would change it fails.
fn check_deletion(source: &Source<'_>, findings: &mut Findings) {
    let is_deletion = |step: &Step| matches!(step, Step::DeleteTask(_));
    let Some(deletion) = source.steps.iter().position(|step| step.runs == Runs::Always && is_deletion(step.step)) else { return };
    let later = source.steps.iter().enumerate().skip(deletion + 1);
    let Some((place, late)) = later.into_iter().find(|(_, step)| step.runs != Runs::Never && needs_the_task(step.step)) else { return };
    let message = format!(
        "By then the task is deleted (steps[{deletion}]), so {} fails, and no step after it runs. Put it before the deletion, or remove it.",
        late.step.name()
    );
    findings.add(Code::StepAfterDelete, Severity::Warning, format!("{}.steps[{place}]", source.path), message, begun(source));
}

fn needs_the_task(step: &Step) -> bool {
    match step {
        Step::MoveToStage(_)
        | Step::AssignTo(_)
        | Step::UpdateData(_)
        | Step::DeleteTask(_)
        | Step::ScheduleStageChange(_)
        | Step::AddComment(_)
        | Step::EmailForm(_) => true,
        Step::RunAction(step) => step.link.is_none(),
        Step::ApiCall(call) => call.map.is_some(),
        Step::CreateLinkedTask(_) | Step::UpdateLinkedTasks(_) | Step::Email(_) | Step::Slack(_) | Step::Zapier(_) | Step::Sql(_) => false,
    }
}

/// Between two moves something may go out, and then the first shows where the work stands. Otherwise nobody ever sees it, if the
/// second comes for sure.
fn check_moves(source: &Source<'_>, findings: &mut Findings) {
    let mut before: Option<(usize, &str)> = None;
    for (place, step) in source.steps.iter().enumerate().filter(|(_, step)| step.runs != Runs::Never) {
        match step.step {
            Step::MoveToStage(to) => {
                if let Some((first, stage)) = before {
                    let same_case = place == first + 1 && step.step.when() == source.steps[first].step.when();
                    if step.runs == Runs::Always || same_case {
                        moved_twice(source, (first, stage), (place, &to.stage), findings);
                    }
                }
                before = Some((place, &to.stage));
            }
            Step::DeleteTask(_) if step.runs == Runs::Always => return,
            other if other.outgoing().is_some() => before = None,
            _ => {}
        }
    }
}

fn moved_twice(source: &Source<'_>, first: (usize, &str), second: (usize, &str), findings: &mut Findings) {
    let message = format!(
        "The task is moved to {} (steps[{}]) and at once on to {}, so nobody sees it there. Remove one of the two moves, or give each a `when`.",
        first.1, first.0, second.1
    );
    let mut way = begun(source);
    way.extend([Point::stage(first.1), Point::stage(second.1)]);
    findings.add(Code::TaskMovedTwice, Severity::Warning, format!("{}.steps[{}]", source.path, second.0), message, way);
}

fn begun(source: &Source<'_>) -> Vec<Point> {
    let from = match source.kind {
        Kind::Action(action) => action.from.first(),
        Kind::Automation(_) => None,
    };
    from.map(|stage| Point::stage(stage)).into_iter().chain([source.point()]).collect()
}
