//! A condition as a formula over its distinct rules, each in its positive form.

use crate::condition::{Condition, Operator, Rule};

#[derive(Debug)]
pub(super) enum Formula {
    /// By its place in [`Formulas::rules`].
    Rule(usize),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// Formulas that share their rules.
#[derive(Default)]
pub(super) struct Formulas {
    /// Each a [`Condition::Rule`].
    pub rules: Vec<Condition>,
}

impl Formulas {
    pub fn of(&mut self, condition: &Condition) -> Formula {
        match condition {
            Condition::All(parts) => Formula::All(parts.iter().map(|part| self.of(part)).collect()),
            Condition::Any(parts) => Formula::Any(parts.iter().map(|part| self.of(part)).collect()),
            Condition::Not(part) => Formula::Not(Box::new(self.of(part))),
            Condition::Rule(rule) => self.of_rule(rule),
        }
    }

    /// A negative operator is exactly the negation of its positive one.
    fn of_rule(&mut self, rule: &Rule) -> Formula {
        let (positive, negated) = match rule.operator {
            Operator::NotEqual => (Operator::Equal, true),
            Operator::NotIn => (Operator::In, true),
            Operator::DoesNotContain => (Operator::Contains, true),
            Operator::NotNull => (Operator::Null, true),
            operator => (operator, false),
        };
        let rule = Condition::Rule(Rule { operator: positive, ..rule.clone() });
        let place = self.rules.iter().position(|known| *known == rule).unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        });
        if negated { Formula::Not(Box::new(Formula::Rule(place))) } else { Formula::Rule(place) }
    }
}

impl Formula {
    /// `truth` of a rule is `None` where it is not known.
    pub fn value(&self, truth: &dyn Fn(usize) -> Option<bool>) -> Option<bool> {
        match self {
            Formula::Rule(rule) => truth(*rule),
            Formula::Not(part) => part.value(truth).map(|holds| !holds),
            Formula::All(parts) => joined(parts, truth, false),
            Formula::Any(parts) => joined(parts, truth, true),
        }
    }

    /// Without a rule in it.
    pub fn holds_of_nothing(&self) -> bool {
        self.value(&|_| None) == Some(true)
    }

    /// The rules in it, each with whether it speaks for the formula or against it.
    pub fn each_rule(&self, speaks_for: bool, visit: &mut dyn FnMut(usize, bool)) {
        match self {
            Formula::Rule(rule) => visit(*rule, speaks_for),
            Formula::Not(part) => part.each_rule(!speaks_for, visit),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| part.each_rule(speaks_for, visit)),
        }
    }
}

/// One part that is `decisive` decides.
fn joined(parts: &[Formula], truth: &dyn Fn(usize) -> Option<bool>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part.value(truth) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}
