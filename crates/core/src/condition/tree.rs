//! A condition as people write it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Operator;
use super::operand::{join_list, split_list};

/// The JSON tree of react-querybuilder, kept as it came. [`super::compile()`] checks it, with the path of every problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConditionTree(pub Json);

/// A name that a tree uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    Field(&'a str),
    Stage(&'a str),
    /// A text that a field is compared with: an option, if it is a select.
    Option {
        field: &'a str,
        option: &'a str,
    },
}

impl ConditionTree {
    /// Writes the new name wherever `renamed` knows one. What is no condition stays as it is.
    pub fn rename(&mut self, renamed: &dyn Fn(Reference<'_>) -> Option<String>) {
        rename_group(&mut self.0, renamed);
    }
}

fn rename_group(node: &mut Json, renamed: &dyn Fn(Reference<'_>) -> Option<String>) {
    match node.get_mut("rules") {
        Some(Json::Array(rules)) => {
            for rule in rules {
                rename_group(rule, renamed);
            }
        }
        _ => rename_rule(node, renamed),
    }
}

fn rename_rule(rule: &mut Json, renamed: &dyn Fn(Reference<'_>) -> Option<String>) {
    let Some(field) = rule.get("field").and_then(Json::as_str).map(str::to_owned) else { return };
    let names_field = rule.get("valueSource").is_some_and(|source| source == "field");
    let is_list = rule.get("operator").is_some_and(|operator| operator == Operator::In.name() || operator == Operator::NotIn.name());

    let new_value = |text: &str| {
        renamed(match field.as_str() {
            _ if names_field => Reference::Field(text),
            "Stage" => Reference::Stage(text),
            field => Reference::Option { field, option: text },
        })
    };
    match rule.get_mut("value") {
        Some(Json::String(text)) if is_list => {
            let names = split_list(text);
            let new: Vec<String> = names.iter().map(|name| new_value(name).unwrap_or_else(|| name.clone())).collect();
            if new != names {
                *text = join_list(&new);
            }
        }
        Some(Json::String(text)) => replace(text, new_value(text)),
        Some(Json::Array(items)) => {
            for item in items {
                if let Json::String(text) = item {
                    replace(text, new_value(text));
                }
            }
        }
        _ => {}
    }
    if let Some(Json::String(name)) = rule.get_mut("field") {
        replace(name, renamed(Reference::Field(&field)));
    }
}

fn replace(text: &mut String, new: Option<String>) {
    if let Some(new) = new {
        *text = new;
    }
}

impl JsonSchema for ConditionTree {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let operators: Vec<&str> = Operator::ALL.iter().map(|operator| operator.name()).collect();
        let group = generator.subschema_for::<ConditionTree>();
        json_schema!({
            "description": "Rules joined by `and` or `or`, in the shape that react-querybuilder uses. At most 8 levels and 100 rules.",
            "type": "object",
            "required": ["combinator", "rules"],
            "additionalProperties": false,
            "properties": {
                "combinator": { "enum": ["and", "or"] },
                "not": { "type": "boolean" },
                "rules": { "type": "array", "items": { "anyOf": [group, {
                    "description": "One comparison of a field.",
                    "type": "object",
                    "required": ["field", "operator"],
                    "additionalProperties": false,
                    "properties": {
                        "field": { "description": "A field, Stage, Assigned To, Created On, Updated On or Created By.", "type": "string" },
                        "operator": { "enum": operators },
                        "valueSource": { "description": "`field` compares with another field, `currentUser` with the performer.", "enum": ["value", "field", "currentUser"] },
                        "value": { "description": "Two for `between`, any number for `in` and `notIn`, days for `inTheLastDays` and `inTheNextDays`." },
                        "id": { "type": "string" },
                        "path": { "type": "array" }
                    }
                }] } },
                "id": { "type": "string" },
                "path": { "type": "array" }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_is_recursive_and_closed() {
        let schema = serde_json::to_value(schemars::schema_for!(ConditionTree)).expect("JSON");
        let items = &schema["properties"]["rules"]["items"]["anyOf"];
        assert_eq!(items[0], json!({ "$ref": "#" }));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(items[1]["additionalProperties"], false);
        assert_eq!(items[1]["properties"]["operator"]["enum"].as_array().map(Vec::len), Some(Operator::ALL.len()));
    }

    /// Within enums that serde reads through a buffer, as steps are, numbers must keep their digits.
    #[test]
    fn numbers_in_a_tagged_document_keep_their_digits() {
        #[derive(Deserialize, Serialize)]
        #[serde(tag = "do")]
        enum Step {
            Check { when: ConditionTree, attempts: u32 },
        }
        let text = r#"{"do":"Check","when":{"value":1234567890.1234567890123456789},"attempts":3}"#;
        let document: Json = serde_json::from_str(text).expect("JSON");
        let step: Step = serde_json::from_value(document).expect("a step");
        assert_eq!(serde_json::to_string(&step).expect("JSON"), text);
    }
}
