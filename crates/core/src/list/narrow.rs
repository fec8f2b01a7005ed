//! What a list is narrowed to, as one condition: `?<Field>=value`, `_filter`, and `tasks/active`.

use indexmap::IndexMap;

use crate::access::Access;
use crate::condition::{Column, Comparable, Condition, Operand, Operator, Rule, compile};
use crate::definition::parse_json;
use crate::people::{Workspace, email_key};
use crate::refusal::{Refusal, Refusals};
use crate::value::{Value, parse_filter};
use crate::workflow::{Field, FieldRight, Workflow};

/// What a list was asked to be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Not in an end stage.
    pub active_only: bool,
    /// Column names with the values that any of may match, as they came in the address.
    pub columns: Vec<(String, Vec<String>)>,
    /// A condition as JSON.
    pub filter: Option<String>,
}

/// Several columns are joined with and, several values of one with or; an empty value means blank.
pub fn narrow(asked: &Narrowed, workflow: &Workflow, workspace: &Workspace, access: Access<'_>) -> Result<Condition, Refusals> {
    let (mut parts, mut refusals): (Vec<Condition>, IndexMap<String, Vec<Refusal>>) = Default::default();
    for (name, values) in &asked.columns {
        match column(name, values, workflow, workspace, access) {
            Ok(part) => parts.push(part),
            Err(refusal) => refusals.entry(name.clone()).or_default().push(refusal),
        }
    }
    if let Some(filter) = &asked.filter {
        let json = parse_json(filter).map_err(|error| Refusal::BadParameter {
            name: "_filter".to_owned(),
            value: filter.clone(),
            allowed: format!("a condition as JSON ({error})"),
        })?;
        match compile(&json, &super::names_for(workflow, access)) {
            Ok(condition) => parts.push(condition),
            Err(problems) => {
                for (path, message) in problems {
                    let path = if path.is_empty() { "_filter".to_owned() } else { format!("_filter.{path}") };
                    refusals.entry(path).or_default().push(Refusal::InCondition { message });
                }
            }
        }
    }
    if asked.active_only {
        parts.push(active(workflow));
    }
    if refusals.is_empty() { Ok(Condition::All(parts)) } else { Err(Refusals::Fields(refusals)) }
}

/// Not in an end stage.
pub fn active(workflow: &Workflow) -> Condition {
    let stages = workflow.stages.iter().filter(|stage| !stage.end).map(|stage| Sought::Value(Comparable::Stage(stage.id)));
    any_of(Column::Stage, stages.collect())
}

/// What one value in an address asks for.
enum Sought {
    Blank,
    /// Of a checkbox, which holds one value only.
    Present,
    Value(Comparable),
}

fn column(name: &str, values: &[String], workflow: &Workflow, workspace: &Workspace, access: Access<'_>) -> Result<Condition, Refusal> {
    let each = |column: Column, sought: &dyn Fn(&str) -> Result<Sought, Refusal>| {
        let sought: Result<Vec<Sought>, Refusal> = values.iter().map(|value| sought(value)).collect();
        Ok(any_of(column, sought?))
    };
    match name {
        "Stage" => each(Column::Stage, &|name| {
            let stage = workflow.stage_named(name).ok_or(Refusal::IsNotAStage)?;
            Ok(Sought::Value(Comparable::Stage(stage.id)))
        }),
        "Assigned To" => each(Column::AssignedTo, &|email| match email {
            "" => Ok(Sought::Blank),
            email => {
                let user = workspace.user_by_email(email).ok_or(Refusal::IsNotAUserOfWorkspace)?;
                Ok(Sought::Value(Comparable::Email(email_key(&user.email))))
            }
        }),
        name => {
            let field = workflow.field_named(name).filter(|field| access.right_to(field) != FieldRight::Hidden);
            let field = field.ok_or(Refusal::IsNotAField)?;
            each(Column::Field(field.id), &|text| in_field(field, workspace, text))
        }
    }
}

fn in_field(field: &Field, workspace: &Workspace, text: &str) -> Result<Sought, Refusal> {
    Ok(match parse_filter(field, workspace, text)? {
        None => Sought::Blank,
        Some(Value::Checked) => Sought::Present,
        Some(Value::Person(user)) => {
            let user = workspace.user(user).ok_or(Refusal::IsNotAUserOfWorkspace)?;
            Sought::Value(Comparable::Email(email_key(&user.email)))
        }
        Some(value) => Sought::Value(Comparable::Value(value)),
    })
}

fn any_of(column: Column, sought: Vec<Sought>) -> Condition {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    let rule = |operator, operand| Condition::Rule(Rule { column, operator, operand });
    for sought in sought {
        match sought {
            Sought::Blank => parts.push(rule(Operator::Null, Operand::Nothing)),
            Sought::Present => parts.push(rule(Operator::NotNull, Operand::Nothing)),
            Sought::Value(value) => values.push(value),
        }
    }
    if parts.is_empty() {
        return rule(Operator::In, Operand::Values(values));
    }
    parts.push(rule(Operator::In, Operand::Values(values)));
    Condition::Any(parts)
}
