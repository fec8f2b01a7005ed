//! Conditions that can never hold, or that always do.

use super::Code;
use super::finding::Severity;
use super::model::{Findings, Model};
use super::solve::Verdict;
use crate::condition::ConditionTree;
use crate::definition::problem::Path;
use crate::definition::walk::{Visitor, walk};

pub(super) fn check(model: &Model<'_>, findings: &mut Findings) {
    // The walk can also change what it visits, so it goes over a copy.
    walk(&mut model.definition.clone(), &mut Judge { model, findings });
}

struct Judge<'a, 'm> {
    model: &'a Model<'m>,
    findings: &'a mut Findings,
}

impl Visitor for Judge<'_, '_> {
    fn condition(&mut self, tree: &mut ConditionTree, path: &Path<'_>) {
        match self.model.solver.judged(tree).verdict.clone() {
            Verdict::Never(points) => {
                let path = path.to_string();
                let message = format!(
                    "The condition can never hold, {}: its rules contradict each other, or ask for what the field can't hold. Change one of them, or join them by `or`.",
                    what_follows(&path, false)
                );
                self.findings.add(Code::ConditionNeverHolds, Severity::Warning, path, message, points);
            }
            Verdict::Always(points) => {
                let path = path.to_string();
                let message = format!(
                    "The condition always holds, {}: whatever the task has, one of its rules is met. Join them by `and`, or remove the condition.",
                    what_follows(&path, true)
                );
                self.findings.add(Code::ConditionAlwaysHolds, Severity::Warning, path, message, points);
            }
            Verdict::Depends => {}
        }
    }
}

fn what_follows(path: &str, always: bool) -> &'static str {
    let is_step = path.contains(".steps[");
    match (path, always) {
        (path, false) if path.starts_with("views") => "so that the view is always empty",
        (path, true) if path.starts_with("views") => "so that the view leaves nothing out",
        (path, false) if path.starts_with("layout") => "so that the block is never shown",
        (path, true) if path.starts_with("layout") => "so that the block is always shown",
        (_, false) if is_step => "so that the step never runs",
        (_, true) if is_step => "so that the step is never skipped",
        (path, false) if path.starts_with("automations") => "so that the automation never runs",
        (path, true) if path.starts_with("automations") => "so that it leaves no task out",
        (_, false) => "so that the action can never be taken",
        (_, true) => "so that it requires nothing",
    }
}
