//! Whether a condition can hold, and whether it can fail.
//!
//! What a condition can tell apart in a column is finite: its constants, what lies between them, the options, blank. So each
//! column (or columns that are compared with each other) has a few samples that stand for all there is ([`samples`]); what each
//! rule says of a sample is asked of the real evaluator; and [`decide`] looks for samples by which the whole holds. It answers
//! *no* only where the samples are all there is, and *yes* only with a sample that is really so; else it does not know.

mod choices;
mod decide;
mod formula;
mod points;
mod samples;
#[cfg(test)]
mod tests;
mod texts;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::finding::Point;
use crate::condition::{self, Condition, ConditionTree, Names};
use crate::workflow::Workflow;
use decide::{Goal, Search};
use formula::Formulas;
use samples::Sampled;

/// Looks at a rule of a sample that one linting may take, so that a document of any size is linted at once. Past it nothing
/// more is known.
const LOOKS_MAX: usize = 2_000_000;

pub(super) struct Solver<'a> {
    workflow: &'a Workflow,
    names: Names<'a>,
    looks_left: Cell<usize>,
    /// By the text of the tree: it is asked for more than once, and large documents repeat themselves.
    known: RefCell<HashMap<String, Rc<Judged>>>,
}

/// A condition of the document.
pub(super) struct Judged {
    /// `None` for what is no condition of this workflow.
    pub condition: Option<Condition>,
    pub verdict: Verdict,
}

/// What is known of a condition, for every task.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// With values for which one might think that it does.
    Never(Vec<Point>),
    /// With values for which one might think that it does not.
    Always(Vec<Point>),
    /// It can hold and it can fail, or it is not known.
    Depends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

impl<'a> Solver<'a> {
    pub fn new(workflow: &'a Workflow) -> Solver<'a> {
        Solver { workflow, names: Names::of(workflow), looks_left: Cell::new(LOOKS_MAX), known: RefCell::default() }
    }

    pub fn judged(&self, tree: &ConditionTree) -> Rc<Judged> {
        let text = tree.0.to_string();
        if let Some(judged) = self.known.borrow().get(&text) {
            return judged.clone();
        }
        let condition = condition::compile(&tree.0, &self.names).ok();
        let verdict = condition.as_ref().map_or(Verdict::Depends, |condition| self.judge(condition));
        let judged = Rc::new(Judged { condition, verdict });
        self.known.borrow_mut().insert(text, judged.clone());
        judged
    }

    /// Whether there can be a task for which all of these hold.
    pub fn can_hold(&self, conditions: &[Condition]) -> Answer {
        let mut formulas = Formulas::default();
        let goals: Vec<_> = conditions.iter().map(|condition| formulas.of(condition)).collect();
        let sampled = Sampled::of(&formulas.rules, self.workflow, &self.looks_left);
        let goals = goals.iter().map(|formula| Goal { formula, holds: true }).collect();
        Search { sampled: &sampled, looks_left: &self.looks_left }.answer(goals)
    }

    fn judge(&self, condition: &Condition) -> Verdict {
        let mut formulas = Formulas::default();
        let formula = formulas.of(condition);
        // Asking for nothing is no mistake: so begins every filter.
        if formulas.rules.is_empty() {
            return if formula.holds_of_nothing() { Verdict::Depends } else { Verdict::Never(Vec::new()) };
        }
        let sampled = Sampled::of(&formulas.rules, self.workflow, &self.looks_left);
        let search = Search { sampled: &sampled, looks_left: &self.looks_left };
        let can = |holds| search.answer(vec![Goal { formula: &formula, holds }]);
        if can(true) == Answer::No {
            Verdict::Never(sampled.closest(&formula, true, self.workflow))
        } else if can(false) == Answer::No {
            Verdict::Always(sampled.closest(&formula, false, self.workflow))
        } else {
            Verdict::Depends
        }
    }
}
