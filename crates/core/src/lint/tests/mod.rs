//! The linter as the authors of documents meet it: for each finding a document that has it, and a near miss that has not.

mod conditions;
mod documents;
mod flow;
mod limits;
mod steps;
mod walks;

use crate::definition::{parse_yaml, read};
use crate::fixtures::Ids;

use super::{Code, Finding, lint, nowhere};

fn findings(text: &str) -> Vec<Finding> {
    let value = parse_yaml(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    match read(value, None, &nowhere(), &mut Ids(1000)) {
        Ok(read) => lint(&read.definition),
        Err(problems) => panic!("{problems:?}\n{text}"),
    }
}

/// All of them, as `code path`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = findings(text);
    let shown: Vec<String> = found.iter().map(|finding| format!("{} {}", finding.code.name(), finding.path)).collect();
    assert_eq!(shown, expected, "{text}\n{found:#?}");
}

/// The document has this one finding, with this counterexample; the near miss has none.
#[track_caller]
fn check_pair(code: Code, path: &str, counterexample: &str, with: &str, near_miss: &str) {
    check(with, &[&format!("{} {path}", code.name())]);
    let shown = serde_json::to_string(&findings(with)[0].counterexample).expect("JSON");
    assert_eq!(shown, counterexample, "{with}");
    check(near_miss, &[]);
}

/// A small document without findings: Draft, by Send to Review, by Accept to Done. What is added replaces nothing.
fn with(added: &str) -> String {
    format!("{BASE}{added}")
}

/// The same, with one text replaced.
#[track_caller]
fn but(old: &str, new: &str) -> String {
    assert!(BASE.contains(old), "{old}");
    BASE.replace(old, new)
}

const BASE: &str = "\
name: W
fields:
  - { name: Name, type: text }
  - { name: Email, type: email }
  - { name: Plan, type: singleSelect, options: [Free, Pro] }
  - { name: Tags, type: multipleSelect, options: [Red, Blue] }
  - { name: Amount, type: number }
  - { name: Count, type: number }
  - { name: Secret, type: text }
  - { name: Done, type: checkbox }
stages: [ { name: Draft, checklist: [ { items: [Read] } ] }, { name: Review }, { name: Closed, end: true } ]
actions:
  - { name: Send, from: [Draft], steps: [ { do: move_to_stage, stage: Review } ] }
  - { name: Accept, from: [Review], steps: [ { do: move_to_stage, stage: Closed } ] }
";

#[test]
fn the_base_has_no_finding() {
    check(BASE, &[]);
}

#[test]
fn a_finding_as_json() {
    let text = but("{ name: Closed, end: true }", "{ name: Closed, end: true }, { name: Lost, end: true }");
    let shown = serde_json::to_string(&findings(&text)).expect("JSON");
    assert_eq!(
        shown,
        r#"[{"code":"stage_unreachable","severity":"warning","path":"stages[3]","message":"No task can reach Lost: nothing moves one there. Let an action move tasks to Lost, or remove the stage.","counterexample":[{"stage":"Lost"}]}]"#
    );
}
