//! Conditions wherever a document has one.

use super::super::Code;
use super::{check, check_pair, with};

const NEVER: &str =
    "{ combinator: and, rules: [ { field: Plan, operator: \"=\", value: Free }, { field: Plan, operator: \"=\", value: Pro } ] }";
const ALWAYS: &str =
    "{ combinator: or, rules: [ { field: Plan, operator: \"!=\", value: Free }, { field: Plan, operator: \"!=\", value: Pro } ] }";
const OPEN: &str =
    "{ combinator: or, rules: [ { field: Plan, operator: \"=\", value: Free }, { field: Plan, operator: \"=\", value: Pro } ] }";

fn requiring(condition: &str) -> String {
    with(&format!(
        "  - {{ name: Do, from: [Draft], requirements: [ {{ require: condition, message: No, condition: {condition} }} ], steps: [ {{ do: add_comment, text: Hm }} ] }}\n"
    ))
}

#[test]
fn a_condition_that_never_holds() {
    let step = |when: &str| with(&format!("  - {{ name: Do, from: [Draft], steps: [ {{ do: add_comment, text: Hm, when: {when} }} ] }}\n"));
    check_pair(Code::ConditionNeverHolds, "actions[2].steps[0].when", r#"[{"field":"Plan","value":"Free"}]"#, &step(NEVER), &step(OPEN));
    check(&requiring(NEVER), &["action_never_taken actions[2]", "condition_never_holds actions[2].requirements[0].condition"]);
}

#[test]
fn a_condition_that_always_holds() {
    check_pair(
        Code::ConditionAlwaysHolds,
        "actions[2].requirements[0].condition",
        r#"[{"field":"Plan","value":"Free"}]"#,
        &requiring(ALWAYS),
        &requiring(OPEN),
    );
}

#[test]
fn everywhere() {
    let view = |filter: &str| with(&format!("views: [ {{ name: V, filter: {filter} }} ]\n"));
    check(&view(NEVER), &["condition_never_holds views[0].filter"]);
    check(&view(ALWAYS), &["condition_always_holds views[0].filter"]);
    check(&view("{ combinator: and, rules: [] }"), &[]);
    let automation = |when: &str| {
        with(&format!(
            "automations: [ {{ name: A, on: {{ event: task_created }}, when: {when}, steps: [ {{ do: add_comment, text: Hm }} ] }} ]\n"
        ))
    };
    check(&automation(NEVER), &["condition_never_holds automations[0].when"]);
    check(&automation(ALWAYS), &["condition_always_holds automations[0].when"]);
    let block =
        |when: &str| with(&format!("layout: {{ structure: one_column, blocks: [ {{ block: details, visible: {{ when: {when} }} }} ] }}\n"));
    check(&block(NEVER), &["condition_never_holds layout.blocks[0].visible.when"]);
    check(&block(OPEN), &[]);
    let slack = |when: &str| {
        with(&format!("  - {{ name: Do, from: [Draft], steps: [ {{ do: slack, channel: c, message: m, when: {when} }} ] }}\n"))
    };
    check(&slack(NEVER), &["condition_never_holds actions[2].steps[0].when"]);
}
