//! What stands in two places because no arrow lets them share it.

use super::{read, workspace};

#[test]
fn the_crash_test_knows_every_fail_point() {
    let xtask = read(&workspace().join("xtask/src/crash/death.rs")).text;
    let after = xtask.split_once("FAIL_POINTS: &[&str] =").and_then(|(_, rest)| rest.split_once('[')).expect("it has a list").1;
    let list = after.split_once(']').expect("the list ends").0;
    let known: Vec<&str> = list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty()).collect();
    assert_eq!(known, baton_engine::fail_point::NAMES);
}
