//! Texts that a condition can tell apart, as far as that can be known.

use serde_json::Value as Json;

use super::choices::Choice;
use crate::condition::{Comparable, Condition, Operand, Operator};
use crate::people::Workspace;
use crate::value::{Value, fold, parse};
use crate::workflow::{Field, FieldKind};

/// Longer ones are not made up.
const MADE_UP_BYTES_MAX: usize = 1000;

/// Blank, each constant, some that the rules look for, and one that stands for every other text.
pub(super) fn choices(field: &Field, rules: &[&Condition], workspace: &Workspace) -> Vec<Choice> {
    let mut constants: Vec<String> = Vec::new();
    let mut parts: Vec<(Operator, String)> = Vec::new();
    for (operator, value) in compared_with(rules) {
        match value {
            Comparable::Value(Value::Text(text)) => constants.push(text.clone()),
            Comparable::Folded(part) => parts.push((operator, part.clone())),
            _ => {}
        }
    }
    let mut texts = constants.clone();
    texts.extend(made_up(&parts));
    texts.sort();
    texts.dedup();
    let mut choices = vec![Choice::Blank];
    // What the type does not take is in no task.
    let held = texts.into_iter().filter(|text| {
        let parsed = parse(field, workspace, &Json::String(text.clone()));
        parsed.is_ok_and(|value| value == Some(Value::Text(text.clone())))
    });
    choices.extend(held.map(|text| Choice::Value(Value::Text(text))));
    choices.push(Choice::OtherText(other(&field.kind, &constants)));
    choices
}

fn compared_with<'a>(rules: &'a [&Condition]) -> impl Iterator<Item = (Operator, &'a Comparable)> {
    rules.iter().flat_map(|rule| match rule {
        Condition::Rule(rule) => match &rule.operand {
            Operand::Values(values) => values.iter().map(|value| (rule.operator, value)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// Each part alone and with something around it, and one text with all of them.
fn made_up(parts: &[(Operator, String)]) -> Vec<String> {
    let of = |wanted: Operator| parts.iter().filter(move |(operator, _)| *operator == wanted).map(|(_, part)| part.as_str());
    let mut texts: Vec<String> = parts
        .iter()
        .flat_map(|(operator, part)| {
            let around = match operator {
                Operator::BeginsWith => format!("{part}x"),
                Operator::EndsWith => format!("x{part}"),
                _ => format!("x{part}x"),
            };
            [part.clone(), around]
        })
        .collect();
    let longest = |operator: Operator| of(operator).max_by_key(|part| part.len()).unwrap_or_default();
    let middle: Vec<&str> = of(Operator::Contains).collect();
    texts.push(format!("{}{}{}", longest(Operator::BeginsWith), middle.join(""), longest(Operator::EndsWith)));
    texts.retain(|text| !text.trim().is_empty() && text.len() <= MADE_UP_BYTES_MAX);
    texts
}

/// A text of this type that is none of the constants.
fn other(kind: &FieldKind, constants: &[String]) -> String {
    let (before, after) = match kind {
        FieldKind::Email => ("somebody", "@example.com"),
        FieldKind::Url => ("https://example.com/", ""),
        FieldKind::Phone => ("+49301234567", ""),
        _ => ("something else ", ""),
    };
    let known = |text: &String| constants.iter().any(|constant| fold(constant) == fold(text));
    let mut number = 1u64;
    loop {
        let text = format!("{before}{number}{after}");
        if !known(&text) {
            return text;
        }
        number += 1;
    }
}
