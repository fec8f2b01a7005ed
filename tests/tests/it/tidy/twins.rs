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

/// The core tells at saving what the call would refuse. The key of a call is the engine's, so that connect does not know it.
#[test]
fn the_core_knows_every_header_that_no_step_may_set() {
    let listed = |path: &str, name: &str| -> Vec<String> {
        let text = read(&workspace().join(path)).text;
        let after = text.split_once(&format!("const {name}:")).and_then(|(_, rest)| rest.split_once("= ")).expect("it has a list").1;
        let list = after.split_once("];").expect("the list ends").0;
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let refused = listed("crates/connect/src/http/request.rs", "OURS");
    let mut told = listed("crates/core/src/definition/validate/syntax.rs", "HEADERS_OURS");
    told.retain(|header| header != "idempotency-key");
    assert!(refused.len() > 5, "{refused:?}");
    assert_eq!(told, refused);
}
