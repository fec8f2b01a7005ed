//! What is known of a task while steps run on it.

use serde_json::Value as Json;

use super::model::{Model, Runs};
use super::rules;
use super::solve::Answer;
use crate::condition::{Column, Comparable, Condition, Operand, Operator, Rule};
use crate::definition::step::{AssignTarget, Step, UpdateData};
use crate::people::email_key;
use crate::value::Value;
use crate::workflow::{Field, FieldKind};

#[derive(Clone, Default)]
pub(super) struct Facts {
    held: Vec<Condition>,
    /// The answer to a call may have set any field.
    pub anything: bool,
}

impl Facts {
    pub fn assume(&mut self, conditions: impl IntoIterator<Item = Condition>) {
        for condition in conditions {
            if !self.held.contains(&condition) {
                self.held.push(condition);
            }
        }
    }

    pub fn allow(&self, more: Condition, model: &Model<'_>) -> Answer {
        let mut conditions = self.held.clone();
        conditions.push(more);
        model.solver.can_hold(&conditions)
    }

    /// What a step leaves behind. One that may be skipped leaves open what the field holds, but for this: what it would fill
    /// counts as filled.
    pub fn after(&mut self, step: &Step, runs: Runs, model: &Model<'_>) {
        let sure = runs == Runs::Always;
        match step {
            Step::MoveToStage(step) => {
                let stage = model.stage(&step.stage).map(|stage| rules::in_stage(model.workflow.stages[stage].id));
                self.now(Column::Stage, stage.filter(|_| sure));
            }
            Step::AssignTo(step) if step.to == Some(AssignTarget::Nobody) => {
                self.now(rules::ASSIGNED_TO, sure.then(|| rules::blank(rules::ASSIGNED_TO)));
            }
            Step::AssignTo(_) => self.now(rules::ASSIGNED_TO, Some(rules::not_blank(rules::ASSIGNED_TO))),
            Step::UpdateData(step) => self.after_update(step, sure, model),
            Step::ApiCall(call) => match &call.map {
                Some(map) => map.keys().filter_map(|name| rules::column(model.workflow, name)).for_each(|column| {
                    self.now(column, Some(rules::not_blank(column)));
                }),
                None => self.anything |= call.body.is_none(),
            },
            _ => {}
        }
    }

    fn after_update(&mut self, step: &UpdateData, sure: bool, model: &Model<'_>) {
        for (name, value) in &step.set {
            let Some(field) = model.workflow.field_named(name) else { continue };
            let column = Column::Field(field.id);
            let known = value_set(field, value);
            self.now(
                column,
                if is_blank(value) { known.filter(|_| sure) } else { known.filter(|_| sure).or(Some(rules::not_blank(column))) },
            );
        }
        for column in step.clear.iter().filter_map(|name| rules::column(model.workflow, name)) {
            self.now(column, sure.then(|| rules::blank(column)));
        }
        for (name, options) in &step.add {
            let Some(field) = model.workflow.field_named(name) else { continue };
            self.now(Column::Field(field.id), Some(rules::not_blank(Column::Field(field.id))));
            self.assume(options.iter().filter_map(|option| has_option(field, option)).filter(|_| sure));
        }
        for (name, options) in &step.remove {
            let Some(field) = model.workflow.field_named(name) else { continue };
            self.now(Column::Field(field.id), None);
            self.assume(options.iter().filter_map(|option| has_option(field, option)).map(rules::not).filter(|_| sure));
        }
        for column in step.increment.keys().filter_map(|name| rules::column(model.workflow, name)) {
            self.now(column, Some(rules::not_blank(column)));
        }
    }

    /// Forgets what was known of the column.
    fn now(&mut self, column: Column, known: Option<Condition>) {
        self.held.retain(|condition| {
            let mut columns = Vec::new();
            rules::columns(condition, &mut columns);
            !columns.contains(&column)
        });
        self.held.extend(known);
    }
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Bool(checked) => !checked,
        Json::Number(_) | Json::Object(_) => false,
    }
}

/// What holds of a field that was just set to this; `None` for what is only known when it runs.
pub(super) fn value_set(field: &Field, value: &Json) -> Option<Condition> {
    let column = Column::Field(field.id);
    if is_blank(value) {
        return Some(rules::blank(column));
    }
    let text = value.as_str();
    if text.is_some_and(|text| text.contains("{{")) {
        return None;
    }
    match &field.kind {
        FieldKind::Person => text.map(|email| rules::equal(column, Comparable::Email(email_key(email)))),
        FieldKind::MultipleSelect { .. } => {
            let names: Vec<&str> =
                value.as_array().map_or(text.into_iter().collect(), |items| items.iter().filter_map(Json::as_str).collect());
            let chosen = names.iter().map(|name| has_option(field, name)).collect::<Option<Vec<_>>>();
            chosen.map(Condition::All)
        }
        _ => match crate::value::parse(field, &super::nowhere(), value).ok()?? {
            Value::Checked | Value::Files(_) => Some(rules::not_blank(column)),
            value => Some(rules::equal(column, Comparable::Value(value))),
        },
    }
}

pub(super) fn has_option(field: &Field, name: &str) -> Option<Condition> {
    let FieldKind::MultipleSelect { options } = &field.kind else { return None };
    let option = crate::value::option_named(options, name)?;
    let operand = Operand::Values(vec![Comparable::Value(Value::Option(option.id))]);
    Some(Condition::Rule(Rule { column: Column::Field(field.id), operator: Operator::Contains, operand }))
}
