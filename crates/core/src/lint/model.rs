//! The definition as the linter looks at it: what moves tasks, with names joined up and conditions read.

use std::collections::HashMap;

use super::finding::{Finding, Point, Severity};
use super::solve::{Answer, Solver, Verdict};
use super::{Code, rules};
use crate::condition::{Column, Condition};
use crate::definition::Definition;
use crate::definition::action::{Action, NotPerformer, Requirement};
use crate::definition::automation::{Automation, Trigger};
use crate::definition::form::FormMode;
use crate::definition::role::{Moving, Role};
use crate::definition::step;
use crate::workflow::{self, Workflow};

pub(super) struct Model<'a> {
    pub definition: &'a Definition,
    /// Its fields and stages.
    pub workflow: &'a Workflow,
    pub solver: &'a Solver<'a>,
    /// The actions, then the automations.
    pub sources: Vec<Source<'a>>,
    stages: HashMap<&'a str, usize>,
}

/// An action or an automation.
pub(super) struct Source<'a> {
    pub kind: Kind<'a>,
    /// `actions[0]`
    pub path: String,
    /// All of these hold when it runs. What can't be decided is not among them.
    pub guard: Vec<Condition>,
    pub steps: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    Action(&'a Action),
    Automation(&'a Automation),
}

pub(super) struct Step<'a> {
    pub step: &'a step::Step,
    pub when: Option<Condition>,
    pub runs: Runs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    Never,
    Maybe,
    Always,
}

impl<'a> Model<'a> {
    pub fn new(definition: &'a Definition, workflow: &'a Workflow, solver: &'a Solver<'a>) -> Model<'a> {
        let stages = definition.stages.iter().enumerate().map(|(index, stage)| (stage.name.as_str(), index)).collect();
        let mut model = Model { definition, workflow, solver, sources: Vec::new(), stages };
        for (index, action) in definition.actions.iter().enumerate() {
            let guard = action.requirements.iter().flat_map(|requirement| model.requirement(requirement)).collect();
            model.add(Kind::Action(action), format!("actions[{index}]"), guard, &action.steps);
        }
        for (index, automation) in definition.automations.iter().enumerate() {
            let guard = automation.when.iter().filter_map(|when| solver.judged(when).condition.clone()).collect();
            model.add(Kind::Automation(automation), format!("automations[{index}]"), guard, &automation.steps);
        }
        model
    }

    fn add(&mut self, kind: Kind<'a>, path: String, guard: Vec<Condition>, steps: &'a [step::Step]) {
        let steps = steps.iter().map(|step| {
            let Some(when) = step.when() else { return Step { step, when: None, runs: Runs::Always } };
            let judged = self.solver.judged(when);
            let runs = match &judged.verdict {
                Verdict::Never(_) => Runs::Never,
                Verdict::Always(_) => Runs::Always,
                Verdict::Depends if judged.condition == Some(Condition::All(Vec::new())) => Runs::Always,
                Verdict::Depends => Runs::Maybe,
            };
            Step { step, when: judged.condition.clone(), runs }
        });
        let steps = steps.collect();
        self.sources.push(Source { kind, path, guard, steps });
    }

    fn requirement(&self, requirement: &Requirement) -> Vec<Condition> {
        match requirement {
            Requirement::Fields(requirement) => {
                requirement.fields.iter().filter_map(|name| rules::column(self.workflow, name)).map(rules::not_blank).collect()
            }
            Requirement::Assigned(requirement) if requirement.to.is_some() => vec![rules::assigned_to_performer()],
            Requirement::Assigned(_) => vec![rules::not_blank(rules::ASSIGNED_TO)],
            Requirement::Performer(requirement) if requirement.not.contains(&NotPerformer::Assignee) => {
                vec![rules::not(rules::assigned_to_performer())]
            }
            Requirement::Condition(requirement) => self.solver.judged(&requirement.condition).condition.clone().into_iter().collect(),
            // Who did something before, what is ticked, and what a person says can all be so.
            Requirement::Performer(_) | Requirement::Checklist(_) | Requirement::Confirmation(_) => Vec::new(),
        }
    }

    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.get(name).copied()
    }

    pub fn stage_name(&self, stage: usize) -> &'a str {
        &self.definition.stages[stage].name
    }

    /// The roles that restrict what somebody may do.
    pub fn roles(&self) -> impl Iterator<Item = &'a Role> {
        self.definition.roles.iter().filter(|role| !role.admin)
    }

    /// In which stages its guard can hold.
    pub fn can_run_in(&self, source: &Source<'_>) -> Vec<bool> {
        let mut columns = Vec::new();
        source.guard.iter().for_each(|condition| rules::columns(condition, &mut columns));
        if !columns.contains(&Column::Stage) {
            return vec![self.solver.can_hold(&source.guard) != Answer::No; self.workflow.stages.len()];
        }
        let in_stage = |stage: &workflow::Stage| {
            let conditions: Vec<Condition> = source.guard.iter().cloned().chain([rules::in_stage(stage.id)]).collect();
            self.solver.can_hold(&conditions) != Answer::No
        };
        self.workflow.stages.iter().map(in_stage).collect()
    }

    /// How grave it is that a way through the stages is missing: where people may move tasks by hand, or other workflows may, it
    /// may be meant so.
    pub fn severity_of_ways(&self) -> Severity {
        let by_hand = self.roles().any(|role| role.moving == Some(Moving::ByHand));
        if by_hand || !self.definition.links.is_empty() { Severity::Info } else { Severity::Warning }
    }
}

impl<'a> Source<'a> {
    pub fn name(&self) -> &'a str {
        match self.kind {
            Kind::Action(action) => &action.name,
            Kind::Automation(automation) => &automation.name,
        }
    }

    pub fn point(&self) -> Point {
        match self.kind {
            Kind::Action(action) => Point::action(&action.name),
            Kind::Automation(automation) => Point::automation(&automation.name),
        }
    }

    /// The stages in which it can begin. An automation that follows an action begins where that one ends.
    pub fn begins_in(&self, model: &Model<'_>) -> Vec<usize> {
        let one = |name: &String| model.stage(name).into_iter().collect();
        let all = || (0..model.definition.stages.len()).collect();
        match self.kind {
            Kind::Action(action) => action.from.iter().filter_map(|name| model.stage(name)).collect(),
            Kind::Automation(automation) => match &automation.on {
                Trigger::StageEntered(trigger) => one(&trigger.stage),
                Trigger::ChecklistCompleted(trigger) => one(&trigger.stage),
                Trigger::TimeInStage(trigger) => one(&trigger.stage),
                Trigger::TaskCreated(_) => vec![0],
                Trigger::FormSubmitted(trigger) => match model.definition.forms.iter().find(|form| form.name == trigger.form) {
                    Some(form) if form.mode == FormMode::Create => vec![0],
                    _ => all(),
                },
                Trigger::TaskUpdated(_) | Trigger::CommentAdded(_) | Trigger::Schedule(_) => all(),
                Trigger::ActionPerformed(_) => Vec::new(),
            },
        }
    }

    /// The action that this automation follows.
    pub fn follows(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Automation(Automation { on: Trigger::ActionPerformed(trigger), .. }) => Some(&trigger.action),
            _ => None,
        }
    }

    /// The stage that this automation waits for a task to enter.
    pub fn awaits(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Automation(Automation { on: Trigger::StageEntered(trigger), .. }) => Some(&trigger.stage),
            _ => None,
        }
    }
}

/// Whether a role may take the action.
pub(super) fn may_take(role: &Role, action: &Action) -> bool {
    role.actions.as_ref().is_none_or(|names| names.contains(&action.name))
}

#[derive(Default)]
pub(super) struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn add(&mut self, code: Code, severity: Severity, path: String, message: String, counterexample: Vec<Point>) {
        self.0.push(Finding { code, severity, path, message, counterexample });
    }
}
