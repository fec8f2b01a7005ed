//! Documents that mean harm cost no more than a long list of problems.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::*;
use super::{EXAMPLE, Ids, first, workspace, yaml};

fn problems(value: Value) -> Vec<Problem> {
    read(value, None, &workspace(), &mut Ids(0)).err().unwrap_or_default()
}

#[test]
fn the_list_of_problems_is_bounded_and_says_so() {
    let keys: Map<String, Value> = (0..10_000).map(|index| (format!("key {index}"), Value::Null)).collect();
    let told = problems(Value::Object(keys));
    assert_eq!(told.len(), PROBLEMS_MAX + 1);
    assert_eq!(told[PROBLEMS_MAX].message, "has more than 1000 problems; these are the first of them");
}

#[test]
fn lists_beyond_their_limit_are_told_once() {
    let parts =
        |count: usize| (0..count).map(|index| json!({"name": format!("P{index}"), "type": "text", "from": ["S0"]})).collect::<Vec<_>>();
    let stages = |count: usize| (0..count).map(|index| json!({"name": format!("S{index}")})).collect::<Vec<_>>();
    for (value, expected) in [
        (json!({"name": "W", "stages": stages(1), "fields": parts(201)}), "fields: has 201 items; at most 200 are allowed"),
        (json!({"name": "W", "stages": [{ "name": "S0" }], "actions": parts(201)}), "actions: has 201 items; at most 200 are allowed"),
        (json!({"name": "W", "stages": stages(101)}), "stages: has 101 items; at most 100 are allowed"),
        (
            json!({"name": "W", "stages": stages(1), "actions": [{"name": "A", "from": ["S0"], "steps": vec![json!({"do": "delete_task"}); 51]}]}),
            "actions[0].steps: has 51 items; at most 50 are allowed",
        ),
        (
            json!({"name": "W", "stages": stages(1), "roles": [{"name": "R", "actions": vec!["A"; 1001]}]}),
            "roles[0].actions: has 1001 items; at most 1000 are allowed",
        ),
    ] {
        assert_eq!(problems(value)[0].to_string(), expected);
    }
    // A name that may stand beyond the limit is not called unknown.
    let value =
        json!({"name": "W", "stages": stages(1), "fields": parts(100_000), "roles": [{"name": "R", "fields": {"P99999": "hidden"}}]});
    assert!(problems(value.clone()).iter().all(|problem| !problem.path.starts_with("roles")), "{:?}", problems(value));
}

#[test]
fn huge_texts_and_templates_are_refused() {
    let action = |text: String| json!({"name": "W", "stages": [{"name": "A"}], "actions": [{"name": "Go", "from": ["A"], "steps": [{"do": "add_comment", "text": text}]}]});
    for (text, expected) in [
        ("x".repeat(300_000), "actions[0].steps[0].text: is 300000 bytes long; at most 262144 are allowed"),
        ("{{x}}".repeat(40_000), "actions[0].steps[0].text: holds more than 1000 names in {{ }}"),
    ] {
        let told = problems(action(text));
        assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
    let name = json!({"name": "W", "stages": [{"name": "A"}], "actions": [{"name": "Go", "from": ["x".repeat(200_000)]}]});
    assert!(problems(name)[0].message.len() < 200);
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    for text in [deep("[", "]", 100_000), deep("{a: ", "}", 100_000), "- ".repeat(50_000)] {
        assert!(parse_yaml(&text).is_err());
    }
    assert!(parse_json(&deep("[", "]", 100_000)).is_err());
    let rules = (0..60).fold(json!({"combinator": "and", "rules": []}), |inner, _| json!({"combinator": "and", "rules": [inner]}));
    let value = json!({"name": "W", "stages": [{"name": "A"}], "views": [{"name": "V", "filter": rules}]});
    assert_eq!(problems(value).len(), 1);
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let one_below = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{one_below}]\n"));
    }
    assert_eq!(parse_yaml(&text).unwrap_err().message, "the document holds more than 1000000 values");
}

#[test]
fn aliases_that_copy_a_long_text_are_refused() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000));
    assert_eq!(parse_yaml(&text).unwrap_err().message, "anchors and aliases copy more than 10485760 bytes");
    let nested = format!("{}{}", "&a [".repeat(30), "x".repeat(1 << 20)) + &"]".repeat(30);
    assert_eq!(parse_yaml(&nested).unwrap_err().message, "anchors and aliases copy more than 10485760 bytes");
    assert!(parse_yaml("a: &a text\nb: [*a, *a]\n").is_ok());
}

/// Every place of a document, as a path of keys and indexes.
fn places(value: &Value, here: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    all.push(here.clone());
    let mut below = |key: String, value: &Value| {
        here.push(key);
        places(value, here, all);
        here.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!("")),
        Just(json!("{{Nmae}}")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1]])),
        Just(json!({"do": "sql"})),
        Just(json!({"combinator": "and", "rules": [{"field": "Name"}]})),
        any::<String>().prop_map(Value::from),
    ]
}

fn at<'a>(value: &'a mut Value, place: &[String]) -> Option<&'a mut Value> {
    place.iter().try_fold(value, |value, key| match value {
        Value::Object(map) => map.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

proptest! {
    /// Whatever stands wherever: what the check lets through, or repairs, is what the types read; and what is read compiles
    /// and is read again without a change.
    #[test]
    fn the_check_and_the_types_agree(changes in proptest::collection::vec((any::<prop::sample::Index>(), junk()), 1..4)) {
        let mut value = yaml(EXAMPLE);
        let mut all = Vec::new();
        places(&value, &mut Vec::new(), &mut all);
        for (index, junk) in changes {
            if let Some(place) = at(&mut value, &all[index.index(all.len())]) {
                *place = junk;
            }
        }
        let mut checked = value.clone();
        let mut problems = Problems::default();
        check::check(schema(), &mut checked, &mut problems);
        prop_assert!(serde_json::from_value::<Definition>(checked.clone()).is_ok(), "{checked}");

        match read(value, None, &workspace(), &mut Ids(0)) {
            Ok(read) => {
                prop_assert!(problems.is_empty());
                prop_assert!(compile(crate::ids::Id::from_i64(1).unwrap(), 1, &read.definition).is_ok());
                let again = super::next(to_json(&read.definition), &read.definition);
                prop_assert_eq!(again.definition, read.definition);
            }
            Err(told) => prop_assert!(!told.is_empty()),
        }
    }
}

#[test]
fn a_document_at_all_its_limits_is_read() {
    let fields: Vec<Value> = (0..200).map(|index| json!({"name": format!("Field {index}"), "type": "text"})).collect();
    let stages: Vec<Value> = (0..100).map(|index| json!({"name": format!("Stage {index}")})).collect();
    let steps: Vec<Value> = (0..50).map(|index| json!({"do": "update_data", "set": {format!("Field {index}"): "{{Field 199}}"}})).collect();
    let actions: Vec<Value> =
        (0..200).map(|index| json!({"name": format!("Action {index}"), "from": ["Stage 99"], "steps": steps})).collect();
    let document = json!({"name": "W", "fields": fields, "stages": stages, "actions": actions});
    let definition = first(&document.to_string()).definition;
    assert_eq!(definition.actions[199].steps.len(), 50);
}
