//! Samples: for each column, or columns that are compared with each other, a few worlds that stand for all there are.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::super::finding::{Point, column_name};
use super::choices::{Choice, Choices, Chooser, Sort, sort_of};
use super::formula::Formula;
use super::world::{World, workspace};
use crate::condition::{Column, Condition, Operand, Operator, Rule, Scene, holds};
use crate::people::Workspace;
use crate::value::show;
use crate::workflow::Workflow;

/// Samples of one component.
const SAMPLES_MAX: usize = 2_000;
/// Rules about one text that nothing but a text itself decides: each combination is a sample.
const OPEN_RULES_MAX: usize = 6;

/// Where what a rule looks at comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Column(Column),
    Performer,
}

pub(super) struct Sample {
    /// Among all combinations of the choices.
    number: usize,
    blank: bool,
    /// Of each rule of the component; `None` where it is not known.
    pub truth: Vec<Option<bool>>,
    /// Whether there is really such a task.
    pub sure: bool,
}

/// Columns that are compared with each other, and the rules about them.
pub(super) struct Component {
    places: Vec<Place>,
    pub rules: Vec<usize>,
    pub samples: Vec<Sample>,
    /// Whether the samples stand for all there is.
    pub whole: bool,
    /// What the samples were made of; `None` where nothing is known.
    made_of: Option<(Choices, Workspace)>,
}

impl Component {
    fn ties_today_to_the_calendar(&self) -> bool {
        self.made_of.as_ref().is_some_and(|(choices, _)| choices.today_matters)
    }
}

/// Which component a rule belongs to, and where it is there.
#[derive(Clone, Copy, Default)]
pub(super) struct RulePlace {
    pub component: usize,
    pub index: usize,
}

pub(super) struct Sampled {
    pub components: Vec<Component>,
    pub places: Vec<RulePlace>,
}

impl Sampled {
    pub fn of(rules: &[Condition], workflow: &Workflow, looks_left: &Cell<usize>) -> Sampled {
        let mut components: Vec<Component> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            join(&mut components, index, places_of(rule_of(rule)));
        }
        let mut places = vec![RulePlace::default(); rules.len()];
        for (number, component) in components.iter_mut().enumerate() {
            for (index, rule) in component.rules.iter().enumerate() {
                places[*rule] = RulePlace { component: number, index };
            }
            let rules: Vec<&Condition> = component.rules.iter().map(|rule| &rules[*rule]).collect();
            fill(component, &rules, workflow, looks_left);
        }
        // Today is the same for all: where it is tied to the calendar twice, samples can't be freely combined.
        if components.iter().filter(|component| component.ties_today_to_the_calendar()).count() > 1 {
            for component in components.iter_mut().filter(|component| component.ties_today_to_the_calendar()) {
                component.samples.clear();
                component.whole = false;
            }
        }
        Sampled { components, places }
    }

    /// Values by which the formula is as near as can be to what was looked for.
    pub fn closest(&self, formula: &Formula, holds: bool, workflow: &Workflow) -> Vec<Point> {
        let mut wanted: Vec<(RulePlace, bool)> = Vec::new();
        formula.each_rule(holds, &mut |rule, truth| wanted.push((self.places[rule], truth)));
        let mut shown = Vec::new();
        for (number, component) in self.components.iter().enumerate() {
            let met = |sample: &Sample| {
                wanted.iter().filter(|(place, truth)| place.component == number && sample.truth[place.index] == Some(*truth)).count()
            };
            let mut best: Option<(&Sample, usize)> = None;
            for sample in component.samples.iter().filter(|sample| sample.sure) {
                // Of those that are as near, the first that is not blank.
                let met = 2 * met(sample) + usize::from(!sample.blank);
                if best.is_none_or(|(_, most)| met > most) {
                    best = Some((sample, met));
                }
            }
            if let (Some((sample, _)), Some((choices, workspace))) = (best, &component.made_of) {
                let (chosen, days) = choices.combination(&component.places, sample.number);
                let days = days.filter(|_| !choices.today_matters);
                shown.extend(chosen.iter().filter_map(|(place, choice)| point(*place, choice, days, workflow, workspace)));
            }
        }
        shown
    }
}

pub(super) fn rule_of(condition: &Condition) -> &Rule {
    match condition {
        Condition::Rule(rule) => rule,
        _ => unreachable!("formulas are over rules"),
    }
}

fn places_of(rule: &Rule) -> Vec<Place> {
    let other = match &rule.operand {
        Operand::Column(other) => Some(Place::Column(*other)),
        Operand::CurrentUser => Some(Place::Performer),
        Operand::Nothing | Operand::Values(_) | Operand::Days(_) => None,
    };
    let mut places = vec![Place::Column(rule.column)];
    places.extend(other.filter(|other| *other != places[0]));
    places
}

/// Adds a rule to the components, and makes one of those that it joins.
fn join(components: &mut Vec<Component>, rule: usize, places: Vec<Place>) {
    let mut joined = Component { places, rules: Vec::new(), samples: Vec::new(), whole: false, made_of: None };
    let mut apart = Vec::with_capacity(components.len() + 1);
    for component in components.drain(..) {
        if component.places.iter().any(|place| joined.places.contains(place)) {
            joined.rules.extend(component.rules);
            let new: Vec<Place> = component.places.into_iter().filter(|place| !joined.places.contains(place)).collect();
            joined.places.extend(new);
        } else {
            apart.push(component);
        }
    }
    joined.rules.push(rule);
    apart.push(joined);
    *components = apart;
}

/// Makes the samples of a component.
fn fill(component: &mut Component, rules: &[&Condition], workflow: &Workflow, looks_left: &Cell<usize>) {
    let sort = sort_of(component.places[0], workflow);
    let one_sort = component.places.iter().all(|place| sort_of(*place, workflow) == sort);
    let workspace = workspace(rules, sort == Some(Sort::Person));
    let chooser = Chooser { workflow, workspace: &workspace, rules, places: &component.places };
    let Some(choices) = sort.filter(|_| one_sort).and_then(|sort| chooser.choices(sort)) else { return };
    let count = choices.combinations().filter(|count| *count <= SAMPLES_MAX && take(looks_left, count * rules.len()));
    if let Some(count) = count {
        let sampler = Sampler { workflow, workspace: &workspace, rules, places: &component.places, choices: &choices };
        let samples = distinct((0..count).flat_map(|number| sampler.samples(number)));
        component.whole = choices.whole;
        component.samples = samples;
    }
    component.made_of = Some((choices, workspace));
}

/// `false` where fewer are left.
pub(super) fn take(looks_left: &Cell<usize>, looks: usize) -> bool {
    let left = looks_left.get().checked_sub(looks);
    looks_left.set(left.unwrap_or(0));
    left.is_some()
}

struct Sampler<'a> {
    workflow: &'a Workflow,
    workspace: &'a Workspace,
    rules: &'a [&'a Condition],
    places: &'a [Place],
    choices: &'a Choices,
}

impl Sampler<'_> {
    fn samples(&self, number: usize) -> Vec<Sample> {
        let (chosen, days) = self.choices.combination(self.places, number);
        let mut world = World::new(self.workflow);
        chosen.iter().for_each(|(place, choice)| world.put(*place, choice));
        if let Some(days) = days {
            world.turn(&chosen, days);
        }
        let scene = Scene {
            workspace: self.workspace,
            workflow: self.workflow,
            task: &world.task,
            performer: world.performer,
            now: world.now,
            public_url: "",
        };
        let truth = self.rules.iter().map(|rule| (!is_open(rule_of(rule), &chosen)).then(|| holds(rule, &scene))).collect();
        let blank = chosen.iter().any(|(_, choice)| **choice == Choice::Blank);
        with_open_rules(number, blank, truth)
    }
}

fn point(place: Place, choice: &Choice, days: Option<i64>, workflow: &Workflow, workspace: &Workspace) -> Option<Point> {
    let Place::Column(column) = place else { return None };
    let field = match column {
        Column::Field(id) => workflow.field(id),
        _ => None,
    };
    let value = match (choice, days) {
        (Choice::Value(_) | Choice::Moment(_), Some(0)) => Json::from("today"),
        (Choice::Value(_) | Choice::Moment(_), Some(days)) if days < 0 => Json::from(format!("{} days before today", -days)),
        (Choice::Value(_) | Choice::Moment(_), Some(days)) => Json::from(format!("{days} days after today")),
        (Choice::Blank, _) => field.map_or(Json::Null, |field| show(field, workspace, None)),
        (Choice::Value(value), None) => field.map_or(Json::Null, |field| show(field, workspace, Some(value))),
        (Choice::Stage(stage), _) => workflow.stage(*stage).map_or(Json::Null, |stage| Json::from(stage.name.clone())),
        (Choice::Person(user), _) => workspace.user(*user).map_or(Json::Null, |user| Json::from(user.email.clone())),
        (Choice::Moment(moment), None) => Json::from(moment.to_string()),
        (Choice::OtherText(text), _) => Json::from(text.clone()),
    };
    Some(Point::Value { field: column_name(workflow, column), value })
}

/// Of those that no rule tells apart, one: rather one that is sure, and that is not blank.
fn distinct(samples: impl Iterator<Item = Sample>) -> Vec<Sample> {
    let mut known: HashMap<Vec<Option<bool>>, usize> = HashMap::new();
    let mut kept: Vec<Sample> = Vec::new();
    let worth = |sample: &Sample| (sample.sure, !sample.blank);
    for sample in samples {
        match known.get(&sample.truth) {
            Some(place) if worth(&sample) > worth(&kept[*place]) => kept[*place] = sample,
            Some(_) => {}
            None => {
                known.insert(sample.truth.clone(), kept.len());
                kept.push(sample);
            }
        }
    }
    kept
}

/// One sample for each way in which the open rules may turn out.
fn with_open_rules(number: usize, blank: bool, truth: Vec<Option<bool>>) -> Vec<Sample> {
    let open: Vec<usize> = (0..truth.len()).filter(|index| truth[*index].is_none()).collect();
    if open.is_empty() || open.len() > OPEN_RULES_MAX {
        return vec![Sample { number, blank, truth, sure: open.is_empty() }];
    }
    let combinations = 0..1usize << open.len();
    let sample = |combination: usize| {
        let mut truth = truth.clone();
        for (bit, index) in open.iter().enumerate() {
            truth[*index] = Some(combination >> bit & 1 == 1);
        }
        Sample { number, blank, truth, sure: false }
    };
    combinations.map(sample).collect()
}

/// Whether the rule asks of a text that stands for many what they do not have in common.
fn is_open(rule: &Rule, chosen: &[(Place, &Choice)]) -> bool {
    let places = places_of(rule);
    let of_rule = || chosen.iter().filter(|(place, _)| places.contains(place)).map(|(_, choice)| choice);
    let by_constants = matches!((rule.operator, &rule.operand), (Operator::Equal | Operator::In, Operand::Values(_)));
    let blank = of_rule().any(|choice| **choice == Choice::Blank);
    of_rule().any(|choice| matches!(choice, Choice::OtherText(_))) && !by_constants && !blank && rule.operator != Operator::Null
}
