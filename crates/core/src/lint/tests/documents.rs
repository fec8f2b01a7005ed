//! Documents that people write.

use super::super::{Code, lint};
use super::{Ids, check};
use crate::definition::{Definition, read, to_json};

/// Of the documentation, whole.
const EXAMPLE: &str = include_str!("../../definition/tests/example.yaml");

#[test]
fn the_example_of_the_documentation() {
    // Which has no action to reject with.
    check(EXAMPLE, &["stage_unreachable stages[2]"]);
}

#[test]
fn a_workflow_made_without_a_definition() {
    let read = read(to_json(&Definition::blank("New")), None, &super::nowhere(), &mut Ids(0)).expect("it may be saved");
    assert_eq!(lint(&read.definition), []);
}

#[test]
fn each_code_is_listed_once() {
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}
