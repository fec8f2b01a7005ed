//! JSON and YAML as texts.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::first;

#[test]
fn yaml_reads_by_the_core_schema() {
    for (text, expected) in [
        ("a: yes", json!({"a": "yes"})),
        ("on: {event: x}", json!({"on": {"event": "x"}})),
        ("a: 1.10", "{\"a\":1.10}".parse().unwrap()),
        ("a: 123456789012345678901234567890.5", "{\"a\":123456789012345678901234567890.5}".parse().unwrap()),
        ("a: 007", json!({"a": "007"})),
        ("a: 0x1F", json!({"a": "0x1F"})),
        ("a: .inf", json!({"a": ".inf"})),
        ("a: '1'", json!({"a": "1"})),
        ("a: !!str 1", json!({"a": "1"})),
        ("a: ~", json!({"a": null})),
        ("1: x", json!({"1": "x"})),
        ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
        ("base: &b {x: 1}\nc: *b", json!({"base": {"x": 1}, "c": {"x": 1}})),
        ("--- \na: 1\n...", json!({"a": 1})),
        ("a: {{Name}", Value::Null),
    ] {
        match parse_yaml(text) {
            Ok(value) => assert_eq!(value, expected, "{text}"),
            Err(error) => assert_eq!(expected, Value::Null, "{text}: {error}"),
        }
    }
}

#[test]
fn wrong_yaml_is_told_with_its_place() {
    for (text, message, line, column) in [
        ("a: 1\na: 2", "key \"a\" is given twice", 2, 1),
        ("", "the document is empty", 1, 1),
        ("a: 1\n---\nb: 2", "a second document begins; only one is allowed", 2, 1),
        ("? [a]\n: 1", "a key must be a text", 1, 3),
        ("a: !!binary aGk=", "the tag !binary is not allowed", 1, 13),
        ("a: &x [*x]", "the alias stands inside what it names", 1, 8),
    ] {
        let error = parse_yaml(text).expect_err(text);
        assert_eq!((error.message.as_str(), error.line, error.column), (message, line, column), "{text}");
    }
    assert!(parse_yaml("a: [1, 2").is_err());
    assert!(parse_yaml("a: *nobody").is_err());
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>().prop_filter("no text of a definition holds NUL", |text| !text.contains('\0')),
        "[ a-z:#'\"\\-\n{}\\[\\]]{0,12}",
        Just("yes".to_owned()),
        Just("1.0".to_owned()),
        Just("a\n\n  b\n".to_owned()),
        Just("null".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((text.clone(), inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_written_as_yaml_reads_back(section in any_value()) {
        let mut definition = first("name: W\nfields: [{name: F, type: text}]\nstages: [{name: A}]\nactions: [{name: Go, from: [A], steps: [{do: update_data, set: {F: x}}]}]").definition;
        let step::Step::UpdateData(step) = &mut definition.actions[0].steps[0] else { unreachable!() };
        step.set["F"] = section;
        let written = to_yaml(&definition);
        let back = parse_yaml(&written);
        prop_assert_eq!(back.as_ref().ok(), Some(&to_json(&definition)), "{}\n{:?}", written, back);
    }

    #[test]
    fn any_json_reads_back(value in any_value()) {
        prop_assert_eq!(parse_json(&value.to_string()), Ok(value));
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in any::<String>()) {
        let _ = parse_yaml(&text);
        let _ = parse_json(&text);
    }
}

#[test]
fn everything_that_is_written_has_its_place() {
    let text = "name: W\nstages:\n  - { name: É, end: true }\n  - name: B\nactions: &a [ { from: [ B ] } ]\nsame: *a\n\"a.b\": { c: 1 }\n";
    let (value, places) = parse_yaml_with_places(text).expect("YAML");
    assert_eq!(value, parse_yaml(text).expect("YAML"));
    for (path, line, column) in [
        ("", 1, 1),
        ("name", 1, 1),
        ("stages", 2, 1),
        ("stages[0]", 3, 5),
        ("stages[0].end", 3, 16),
        ("stages[1].name", 4, 5),
        ("actions[0].from[0]", 5, 25),
        ("same", 6, 1),
        ("[\"a.b\"].c", 7, 10),
        // What is not there: the nearest above it.
        ("stages[1].color", 4, 5),
        ("same[0].from", 6, 1),
        ("fields[3].name", 1, 1),
    ] {
        assert_eq!(places.of(path), Some(Place { line, column }), "{path}");
    }
    assert_eq!(Places::default().of("name"), None);
}
