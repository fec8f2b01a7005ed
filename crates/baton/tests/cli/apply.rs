use crate::site::{Site, WORKFLOW};

#[test]
fn the_same_command_creates_changes_and_leaves() {
    let (site, _) = Site::with_workspace();
    let id = site.apply_reviews();
    let again = |told: &str| {
        let ended = site.run(&["apply", "reviews.yaml"]);
        assert_eq!((ended.code, ended.out.trim_end(), ended.err.trim_end()), (0, id.as_str(), told));
    };
    again("reviews.yaml: Reviews is so already, at revision 1");
    site.write("reviews.yaml", &WORKFLOW.replace("name: Close", "name: Finish"));
    again("reviews.yaml: changed Reviews, now at revision 2");

    // By id, the name may change too.
    site.write("renamed.yaml", &WORKFLOW.replace("name: Reviews", "name: Opinions"));
    assert_eq!(site.ok(&["apply", "renamed.yaml", "--workflow", &id]), id);
    assert_ne!(site.ok(&["apply", "reviews.yaml"]), id, "another workflow has this name by now");
}

#[test]
fn json_and_yaml_are_one_shape() {
    let (site, _) = Site::with_workspace();
    let id = site.apply_reviews();
    let json = r#"{"name":"Reviews","fields":[{"name":"ID","type":"uniqueId"},{"name":"Title","type":"text","required":true}],
        "stages":[{"name":"Open"},{"name":"Done","end":true}],
        "actions":[{"name":"Close","from":["Open"],"steps":[{"do":"move_to_stage","stage":"Done"}]}]}"#;
    site.write("reviews.json", json);
    let ended = site.run(&["apply", "reviews.json"]);
    assert_eq!((ended.out.trim_end(), ended.err.trim_end()), (id.as_str(), "reviews.json: Reviews is so already, at revision 1"));
}

#[test]
fn every_problem_has_its_file_and_path_and_other_files_are_applied() {
    let (site, _) = Site::with_workspace();
    site.write("good.yaml", WORKFLOW);
    site.write("bad.yaml", &WORKFLOW.replace("Reviews", "Bad").replace("stage: Done", "stage: Dnoe").replace("type: text", "type: txt"));
    let ended = site.run(&["apply", "bad.yaml", "good.yaml"]);
    assert_eq!((ended.code, ended.out.lines().count()), (1, 1), "{ended:?}");
    let told: Vec<&str> = ended.err.lines().collect();
    assert_eq!(&told[..2], ["bad.yaml: not applied", "good.yaml: created Reviews"]);
    assert!(told[2].starts_with("error: bad.yaml: fields[1].type: "), "{}", ended.err);
    assert!(
        told[3].starts_with("error: bad.yaml: actions[0].steps[0].stage: ") && told[3].ends_with("did you mean Done?"),
        "{}",
        ended.err
    );
    assert_eq!(told.len(), 4);
}

#[test]
fn nothing_is_applied_when_a_file_can_not_be_read() {
    let (site, _) = Site::with_workspace();
    site.write("good.yaml", WORKFLOW);
    site.write("broken.yaml", "name: [");
    site.write("twice.json", r#"{"name":"a","name":"b"}"#);
    let said = site.refused(&["apply", "good.yaml", "broken.yaml", "twice.json", "missing.yaml"]);
    let told: Vec<&str> = said.lines().collect();
    assert_eq!(told.len(), 3, "{said}");
    assert!(told[0].starts_with("error: broken.yaml: is not valid YAML: "), "{said}");
    assert!(told[1].starts_with("error: twice.json: is not valid JSON: "), "{said}");
    assert!(told[2].starts_with("error: missing.yaml: can't be read: "), "{said}");
    site.ok(&["apply", "good.yaml"]);
    assert!(site.run(&["apply", "good.yaml"]).err.contains("so already, at revision 1"));
}

#[test]
fn what_has_no_effect_yet_is_a_warning_with_its_path() {
    let (site, _) = Site::with_workspace();
    site.write("later.yaml", &WORKFLOW.replace("from: [Open],", "from: [Open], confetti: true,"));
    let ended = site.run(&["apply", "later.yaml"]);
    assert_eq!((ended.code, ended.err.lines().next()), (0, Some("warning: later.yaml: actions[0].confetti: has no effect yet")));
}
