//! The search for samples by which everything asked for is so.

use std::cell::Cell;

use super::Answer;
use super::formula::Formula;
use super::samples::{Sample, Sampled, take};

/// Combinations of samples that one group of rules may have.
const COMBINATIONS_MAX: usize = 20_000;

/// What is asked for: that the formula holds, or that it does not.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    pub formula: &'a Formula,
    pub holds: bool,
}

pub(super) struct Search<'a> {
    pub sampled: &'a Sampled,
    pub looks_left: &'a Cell<usize>,
}

impl Search<'_> {
    /// Whether all goals can be met at once.
    pub fn answer(&self, goals: Vec<Goal<'_>>) -> Answer {
        let mut parts = Vec::new();
        goals.into_iter().for_each(|goal| flatten(goal, &mut parts));
        // What has no column in common does not disturb each other.
        let mut answer = Answer::Yes;
        for group in self.groups(parts) {
            match self.answer_group(&group) {
                Answer::No => return Answer::No,
                Answer::Unknown => answer = Answer::Unknown,
                Answer::Yes => {}
            }
        }
        answer
    }

    fn answer_group(&self, group: &Group<'_>) -> Answer {
        if let [Goal { formula, holds }] = group.goals[..] {
            let alternatives = match formula {
                Formula::Any(parts) if holds => Some(parts),
                Formula::All(parts) if !holds => Some(parts),
                _ => None,
            };
            if let Some(parts) = alternatives {
                return self.any(parts, holds);
            }
        }
        self.try_all(group)
    }

    fn any(&self, parts: &[Formula], holds: bool) -> Answer {
        let mut answer = Answer::No;
        for formula in parts {
            match self.answer(vec![Goal { formula, holds }]) {
                Answer::Yes => return Answer::Yes,
                Answer::Unknown => answer = Answer::Unknown,
                Answer::No => {}
            }
        }
        answer
    }

    /// Every combination of the samples of the group's components.
    fn try_all(&self, group: &Group<'_>) -> Answer {
        let components: Vec<_> = group.components.iter().map(|index| &self.sampled.components[*index]).collect();
        let combinations = components.iter().try_fold(1usize, |all, component| {
            let all = all.checked_mul(component.samples.len())?;
            (all <= COMBINATIONS_MAX).then_some(all)
        });
        let rules: usize = components.iter().map(|component| component.rules.len()).sum();
        let Some(combinations) = combinations.filter(|count| take(self.looks_left, count.saturating_mul(rules))) else {
            return Answer::Unknown;
        };
        let whole = components.iter().all(|component| component.whole);
        let mut answer = if whole { Answer::No } else { Answer::Unknown };
        for number in 0..combinations {
            let mut rest = number;
            let chosen: Vec<&Sample> = components
                .iter()
                .map(|component| {
                    let sample = &component.samples[rest % component.samples.len()];
                    rest /= component.samples.len();
                    sample
                })
                .collect();
            let truth = |rule: usize| {
                let place = self.sampled.places[rule];
                let at = group.components.iter().position(|component| *component == place.component)?;
                chosen[at].truth[place.index]
            };
            match all_met(&group.goals, &truth) {
                Some(true) if chosen.iter().all(|sample| sample.sure) => return Answer::Yes,
                Some(true) | None => answer = Answer::Unknown,
                Some(false) => {}
            }
        }
        answer
    }

    fn groups<'f>(&self, goals: Vec<Goal<'f>>) -> Vec<Group<'f>> {
        let mut groups: Vec<Group<'f>> = Vec::new();
        for goal in goals {
            let mut joined = Group { goals: vec![goal], components: Vec::new() };
            goal.formula.each_rule(true, &mut |rule, _| {
                let component = self.sampled.places[rule].component;
                if !joined.components.contains(&component) {
                    joined.components.push(component);
                }
            });
            let mut apart = Vec::with_capacity(groups.len() + 1);
            for group in groups {
                if group.components.iter().any(|component| joined.components.contains(component)) {
                    joined.goals.extend(group.goals);
                    joined.components.extend(
                        group.components.iter().copied().filter(|component| !joined.components.contains(component)).collect::<Vec<_>>(),
                    );
                } else {
                    apart.push(group);
                }
            }
            apart.push(joined);
            groups = apart;
        }
        groups
    }
}

/// Goals that have columns in common.
struct Group<'a> {
    goals: Vec<Goal<'a>>,
    components: Vec<usize>,
}

/// Goals that must all be met, as far as they can be told apart.
fn flatten<'a>(goal: Goal<'a>, parts: &mut Vec<Goal<'a>>) {
    match goal.formula {
        Formula::Not(formula) => flatten(Goal { formula, holds: !goal.holds }, parts),
        Formula::All(inner) if goal.holds => inner.iter().for_each(|formula| flatten(Goal { formula, holds: true }, parts)),
        Formula::Any(inner) if !goal.holds => inner.iter().for_each(|formula| flatten(Goal { formula, holds: false }, parts)),
        Formula::All(_) | Formula::Any(_) | Formula::Rule(_) => parts.push(goal),
    }
}

fn all_met(goals: &[Goal<'_>], truth: &dyn Fn(usize) -> Option<bool>) -> Option<bool> {
    let mut known = true;
    for goal in goals {
        match goal.formula.value(truth) {
            Some(holds) if holds != goal.holds => return Some(false),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}
