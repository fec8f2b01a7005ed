//! Automations that trigger each other without end.
//!
//! A chain is followed from each automation, and from each action that runs another, with what is known of the task on the way.
//! It is told only where a task can really go round: what is not known for sure ends the search. Time that passes between two
//! (`time_in_stage`, `schedule`, a scheduled stage change) ends a chain.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::Code;
use super::facts::{Facts, has_option, value_set};
use super::finding::{Point, Severity};
use super::flow::Flow;
use super::model::{Findings, Kind, Model, Runs};
use super::rules;
use super::solve::Answer;
use crate::condition::{Column, Condition};
use crate::definition::automation::Trigger;
use crate::definition::step::{Step, UpdateData};

/// Steps from one part of a chain to the next that are looked at.
const LINKS_MAX: usize = 5_000;

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    let mut told: HashSet<BTreeSet<usize>> = HashSet::new();
    let mut search = Search { model, flow, links_left: LINKS_MAX };
    for start in 0..model.sources.len() {
        let source = &model.sources[start];
        let runs_actions = source.steps.iter().any(|step| matches!(step.step, Step::RunAction(_)));
        let may_start = matches!(source.kind, Kind::Automation(_)) || runs_actions;
        let Some(round) = Some(start).filter(|_| may_start && flow.can_run(start)).and_then(|start| search.round_from(start)) else {
            continue;
        };
        if !told.insert(round.sources.iter().copied().collect()) {
            continue;
        }
        let names: Vec<&str> = round.sources.iter().map(|source| model.sources[*source].name()).collect();
        let message = match names[..] {
            [only] => format!(
                "{only} triggers itself without end: it changes what it waits for. Give it a `when` that no longer holds once it has run."
            ),
            _ => format!(
                "{} trigger each other without end. Give one of them a `when` that no longer holds once it has run.",
                names.join(", ")
            ),
        };
        findings.add(Code::AutomationsWithoutEnd, Severity::Warning, source.path.clone(), message, round.way);
    }
}

struct Search<'a, 'm> {
    model: &'a Model<'m>,
    flow: &'a Flow,
    links_left: usize,
}

struct Round {
    sources: Vec<usize>,
    way: Vec<Point>,
}

/// Where a chain has come to.
struct Visit {
    source: usize,
    facts: Facts,
    round: Round,
}

/// What a step brings about.
enum Event<'a> {
    Entered(&'a str),
    Updated(&'a str),
    Commented,
    Performed(&'a str),
    Run(&'a str),
}

impl<'m> Search<'_, 'm> {
    /// The shortest way that comes back to where it began.
    fn round_from(&mut self, start: usize) -> Option<Round> {
        let mut open = VecDeque::from([Visit {
            source: start,
            facts: self.begun(start),
            round: Round { sources: vec![start], way: vec![self.model.sources[start].point()] },
        }]);
        let mut seen = HashSet::from([start]);
        while let Some(visit) = open.pop_front() {
            for (place, event) in self.events(visit.source) {
                let triggered = self.triggered_by(&event);
                if triggered.is_empty() {
                    continue;
                }
                let Some(facts) = self.facts_after(&visit, place, &event) else { continue };
                for next in triggered {
                    if next != start && seen.contains(&next) {
                        continue;
                    }
                    self.links_left = self.links_left.checked_sub(1)?;
                    let Some(facts) = self.goes_on(next, &facts) else { continue };
                    let mut way = visit.round.way.clone();
                    way.extend(event.point());
                    way.push(self.model.sources[next].point());
                    if next == start {
                        return Some(Round { sources: visit.round.sources, way });
                    }
                    seen.insert(next);
                    let sources = visit.round.sources.iter().copied().chain([next]).collect();
                    open.push_back(Visit { source: next, facts, round: Round { sources, way } });
                }
            }
        }
        None
    }

    /// In one of the stages in which it can begin.
    fn begun(&self, start: usize) -> Facts {
        let stages = self.model.workflow.stages.iter().enumerate().filter(|(index, _)| self.flow.runs_in(start, *index));
        let mut facts = Facts::default();
        facts.assume(self.model.sources[start].guard.iter().cloned());
        facts.assume([rules::in_one_of(stages.map(|(_, stage)| stage.id))]);
        facts
    }

    /// What is known when the next one begins, if it can.
    fn goes_on(&self, next: usize, facts: &Facts) -> Option<Facts> {
        let source = &self.model.sources[next];
        let mut facts = facts.clone();
        facts.assume(source.guard.iter().cloned());
        let may_begin = match source.kind {
            Kind::Action(action) => {
                let from = action.from.iter().filter_map(|name| self.model.stage(name));
                rules::in_one_of(from.map(|stage| self.model.workflow.stages[stage].id))
            }
            Kind::Automation(_) => Condition::All(Vec::new()),
        };
        (facts.allow(may_begin, self.model) == Answer::Yes).then_some(facts)
    }

    /// What the source brings about, by which of its steps; what comes of its end stands behind the last.
    fn events(&self, source: usize) -> Vec<(usize, Event<'m>)> {
        let source = &self.model.sources[source];
        let mut events = Vec::new();
        for (place, step) in source.steps.iter().enumerate().filter(|(_, step)| step.runs != Runs::Never) {
            match step.step {
                Step::MoveToStage(step) => events.push((place, Event::Entered(&step.stage))),
                Step::UpdateData(step) => events.extend(updated(step).into_iter().map(|field| (place, Event::Updated(field)))),
                Step::AddComment(_) => events.push((place, Event::Commented)),
                Step::RunAction(step) if step.link.is_none() => events.push((place, Event::Run(&step.action))),
                _ => {}
            }
        }
        if let Kind::Action(action) = source.kind {
            events.push((source.steps.len(), Event::Performed(&action.name)));
        }
        events
    }

    /// What is known when all steps have run and one of them has brought this about; `None` where that is not sure to be possible.
    fn facts_after(&self, visit: &Visit, place: usize, event: &Event<'_>) -> Option<Facts> {
        let steps = &self.model.sources[visit.source].steps;
        let mut facts = visit.facts.clone();
        for (index, step) in steps.iter().enumerate() {
            let mut runs = step.runs;
            if index == place {
                facts.assume(step.when.iter().cloned());
                if facts.allow(self.change(step.step, event), self.model) != Answer::Yes {
                    return None;
                }
                runs = Runs::Always;
            }
            let deleted = matches!(step.step, Step::DeleteTask(_)) && runs == Runs::Always;
            facts.after(step.step, runs, self.model);
            if deleted || facts.anything {
                return None;
            }
        }
        Some(facts)
    }

    /// What holds before the step if it changes anything.
    fn change(&self, step: &Step, event: &Event<'_>) -> Condition {
        let always = Condition::All(Vec::new());
        match (step, event) {
            (Step::MoveToStage(step), _) => {
                self.model.stage(&step.stage).map_or(always, |stage| rules::not(rules::in_stage(self.model.workflow.stages[stage].id)))
            }
            (Step::UpdateData(step), Event::Updated(name)) => {
                let Some(field) = self.model.workflow.field_named(name) else { return always };
                let has = |options: &Vec<String>| options.iter().filter_map(|option| has_option(field, option)).collect::<Vec<_>>();
                if let Some(value) = step.set.get(*name) {
                    return value_set(field, value).map_or(always, rules::not);
                }
                if step.clear.iter().any(|cleared| cleared == name) {
                    return rules::not_blank(Column::Field(field.id));
                }
                match (step.add.get(*name), step.remove.get(*name)) {
                    (Some(options), _) => rules::not(Condition::All(has(options))),
                    (None, Some(options)) => Condition::Any(has(options)),
                    (None, None) => always,
                }
            }
            _ => always,
        }
    }

    fn triggered_by(&self, event: &Event<'_>) -> Vec<usize> {
        let waits = |source: &usize| match (self.model.sources[*source].kind, event) {
            (Kind::Action(action), Event::Run(name)) => action.name == *name,
            (Kind::Automation(automation), event) => match (&automation.on, event) {
                (Trigger::StageEntered(trigger), Event::Entered(stage)) => trigger.stage == *stage,
                (Trigger::TaskUpdated(trigger), Event::Updated(field)) => trigger.fields.iter().any(|name| name == field),
                (Trigger::CommentAdded(_), Event::Commented) => true,
                (Trigger::ActionPerformed(trigger), Event::Performed(action)) => trigger.action == *action,
                _ => false,
            },
            _ => false,
        };
        (0..self.model.sources.len()).filter(waits).collect()
    }
}

impl Event<'_> {
    fn point(&self) -> Option<Point> {
        match self {
            Event::Entered(stage) => Some(Point::stage(stage)),
            Event::Updated(field) => Some(Point::Field { field: (*field).to_owned() }),
            // The action or the automation stands in the way itself.
            Event::Commented | Event::Performed(_) | Event::Run(_) => None,
        }
    }
}

/// Each field once.
fn updated(step: &UpdateData) -> BTreeSet<&str> {
    let keys = step.set.keys().chain(&step.clear).chain(step.add.keys()).chain(step.remove.keys()).chain(step.increment.keys());
    keys.map(String::as_str).collect()
}
