//! Checking a tree against the names of a workflow, with every problem at its path.

use serde_json::{Map, Value as Json};

use super::names::{Class, ColumnType, Names};
use super::operand::{brief, parse_checked, parse_operand};
use super::operator::{Wants, operators_of};
use super::{Column, Condition, Operand, Operator, Rule};
use crate::limits::{CONDITION_DEPTH_MAX, CONDITION_RULES_MAX};
use crate::suggest::did_you_mean;

/// The condition that `tree` describes, or all its problems as (path, message). Paths are relative to the tree:
/// `rules[0].operator`; a problem of the tree itself has the path ``.
pub fn compile(tree: &Json, names: &Names<'_>) -> Result<Condition, Vec<(String, String)>> {
    let mut compiler = Compiler { names, problems: Vec::new(), rules: 0 };
    let condition = compiler.group(tree, "", 1);
    match condition {
        Some(condition) if compiler.problems.is_empty() => Ok(condition),
        _ => Err(compiler.problems),
    }
}

struct Compiler<'a> {
    names: &'a Names<'a>,
    problems: Vec<(String, String)>,
    rules: usize,
}

impl<'a> Compiler<'a> {
    fn problem<T>(&mut self, path: impl Into<String>, message: impl Into<String>) -> Option<T> {
        self.problems.push((path.into(), message.into()));
        None
    }

    fn group(&mut self, node: &Json, path: &str, level: usize) -> Option<Condition> {
        let Json::Object(group) = node else {
            return self.problem(path, format!("{} is not a condition: it needs combinator and rules", brief(node)));
        };
        if level > CONDITION_DEPTH_MAX {
            return self.problem(path, format!("a condition has at most {CONDITION_DEPTH_MAX} levels"));
        }
        self.check_keys(group, path, &["combinator", "not", "rules", "id", "path"]);
        let all = match group.get("combinator") {
            Some(Json::String(combinator)) if combinator == "and" => Some(true),
            Some(Json::String(combinator)) if combinator == "or" => Some(false),
            Some(other) => self.problem(join(path, "combinator"), format!("{} is neither and nor or", brief(other))),
            None => self.problem(join(path, "combinator"), "combinator is required: and or or"),
        };
        let not = match group.get("not") {
            None | Some(Json::Null | Json::Bool(false)) => Some(false),
            Some(Json::Bool(true)) => Some(true),
            Some(other) => self.problem(join(path, "not"), format!("{} is neither true nor false", brief(other))),
        };
        let parts = match group.get("rules") {
            Some(Json::Array(rules)) => self.parts(rules, path, level),
            Some(other) => self.problem(join(path, "rules"), format!("{} is not a list of rules", brief(other))),
            None => self.problem(join(path, "rules"), "rules is required"),
        };
        let (all, not, parts) = (all?, not?, parts?);
        // As in query builders, no rules ask for nothing, whatever would join them.
        let condition = if all || parts.is_empty() { Condition::All(parts) } else { Condition::Any(parts) };
        Some(if not { Condition::Not(Box::new(condition)) } else { condition })
    }

    /// All parts are looked at, so that every problem is told; `None` if one has any.
    fn parts(&mut self, rules: &[Json], path: &str, level: usize) -> Option<Vec<Condition>> {
        let mut parts = Some(Vec::with_capacity(rules.len()));
        for (index, node) in rules.iter().enumerate() {
            let path = join(path, &format!("rules[{index}]"));
            let part = if node.get("rules").is_some() || node.get("combinator").is_some() {
                self.group(node, &path, level + 1)
            } else {
                self.rules += 1;
                match self.rules.cmp(&(CONDITION_RULES_MAX + 1)) {
                    std::cmp::Ordering::Less => self.rule(node, &path),
                    std::cmp::Ordering::Equal => self.problem(path, format!("a condition has at most {CONDITION_RULES_MAX} rules")),
                    std::cmp::Ordering::Greater => None,
                }
            };
            match (part, &mut parts) {
                (Some(part), Some(parts)) => parts.push(part),
                (None, _) => parts = None,
                (Some(_), None) => {}
            }
        }
        parts
    }

    fn rule(&mut self, node: &Json, path: &str) -> Option<Condition> {
        let Json::Object(rule) = node else {
            return self.problem(path, format!("{} is not a rule: it needs field and operator", brief(node)));
        };
        self.check_keys(rule, path, &["field", "operator", "value", "valueSource", "id", "path"]);
        let column = self.column(rule.get("field"), &join(path, "field"), "field is required");
        let operator = self.operator(rule.get("operator"), column.map(|(_, kind)| kind), &join(path, "operator"));
        let ((column, kind), operator) = (column?, operator?);

        match rule.get("valueSource") {
            None | Some(Json::Null) => self.compare_with_value(column, kind, operator, rule, path),
            Some(Json::String(source)) if source == "value" => self.compare_with_value(column, kind, operator, rule, path),
            Some(Json::String(source)) if source == "field" => self.compare_with_column(column, kind, operator, rule, path),
            Some(Json::String(source)) if source == "currentUser" => self.compare_with_user(column, kind, operator, path),
            Some(other) => self.problem(join(path, "valueSource"), format!("{} is none of value, field, currentUser", brief(other))),
        }
    }

    fn column(&mut self, name: Option<&Json>, path: &str, missing: &str) -> Option<(Column, ColumnType<'a>)> {
        let names = self.names;
        match name {
            Some(Json::String(name)) => match names.column(name) {
                Some(column) => Some(column),
                None => self.problem(path, names.not_a_field(name)),
            },
            Some(other) => self.problem(path, format!("{} is not the name of a field", brief(other))),
            None => self.problem(path, missing),
        }
    }

    fn operator(&mut self, name: Option<&Json>, kind: Option<ColumnType<'_>>, path: &str) -> Option<Operator> {
        let allowed = kind.map(|kind| operators_of(kind.class())).unwrap_or(&Operator::ALL);
        let names = || allowed.iter().map(|operator| operator.name());
        let listed = || names().collect::<Vec<_>>().join(", ");
        match name {
            Some(Json::String(name)) => match (Operator::named(name), kind) {
                (Some(operator), _) if allowed.contains(&operator) => Some(operator),
                (Some(operator), Some(kind)) => {
                    let title = kind.class().title();
                    self.problem(path, format!("{} is no operator for {title}; allowed are {}", operator.name(), listed()))
                }
                _ => self.problem(path, format!("{name} is not an operator{}; allowed are {}", did_you_mean(name, names()), listed())),
            },
            Some(other) => self.problem(path, format!("{} is not an operator; allowed are {}", brief(other), listed())),
            None => self.problem(path, format!("operator is required; allowed are {}", listed())),
        }
    }

    fn compare_with_value(
        &mut self,
        column: Column,
        kind: ColumnType<'_>,
        operator: Operator,
        rule: &Map<String, Json>,
        path: &str,
    ) -> Option<Condition> {
        let value = rule.get("value");
        if kind.class() == Class::Checkbox && operator.wants() == Wants::One {
            // Blank is false here, so both are questions about blank.
            return match parse_checked(value) {
                Ok(checked) => Some(blank_is(column, checked == (operator == Operator::NotEqual))),
                Err(message) => self.problem(join(path, "value"), message),
            };
        }
        match parse_operand(operator, kind, value, self.names) {
            Ok(operand) => Some(Condition::Rule(Rule { column, operator, operand })),
            Err(message) => self.problem(join(path, "value"), message),
        }
    }

    fn compare_with_column(
        &mut self,
        column: Column,
        kind: ColumnType<'_>,
        operator: Operator,
        rule: &Map<String, Json>,
        path: &str,
    ) -> Option<Condition> {
        if operator.wants() != Wants::One {
            return self.problem(join(path, "valueSource"), format!("{} can't compare with another field", operator.name()));
        }
        let value_path = join(path, "value");
        let class = kind.class();
        let (other, other_kind) = self.column(rule.get("value"), &value_path, "value is required: the name of a field")?;
        let other_class = other_kind.class();
        if !class.compares_with(other_class) {
            return self.problem(value_path, format!("{} can't be compared with {}", class.title(), other_class.title()));
        }
        if class == Class::Checkbox {
            let same = Condition::Any(vec![
                Condition::All(vec![blank_is(column, true), blank_is(other, true)]),
                Condition::All(vec![blank_is(column, false), blank_is(other, false)]),
            ]);
            return Some(if operator == Operator::Equal { same } else { Condition::Not(Box::new(same)) });
        }
        Some(Condition::Rule(Rule { column, operator, operand: Operand::Column(other) }))
    }

    fn compare_with_user(&mut self, column: Column, kind: ColumnType<'_>, operator: Operator, path: &str) -> Option<Condition> {
        if kind.class() != Class::Person || !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return self.problem(join(path, "valueSource"), "currentUser can only be compared with a person, by = or !=");
        }
        Some(Condition::Rule(Rule { column, operator, operand: Operand::CurrentUser }))
    }

    fn check_keys(&mut self, object: &Map<String, Json>, path: &str, allowed: &[&str]) {
        for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            let suggestion = did_you_mean(key, allowed.iter().copied());
            self.problems.push((join(path, key), format!("{key} is not a key{suggestion}; allowed are {}", allowed.join(", "))));
        }
    }
}

fn blank_is(column: Column, blank: bool) -> Condition {
    let operator = if blank { Operator::Null } else { Operator::NotNull };
    Condition::Rule(Rule { column, operator, operand: Operand::Nothing })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
