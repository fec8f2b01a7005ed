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
fn a_plan_shows_what_would_change_and_changes_nothing() {
    let (site, _) = Site::with_workspace();
    site.write("reviews.yaml", WORKFLOW);
    let planned = |arguments: &[&str]| {
        let all: Vec<&str> = ["apply", "--plan"].iter().chain(arguments).copied().collect();
        let ended = site.run(&all);
        (ended.code, ended.out.trim_end().to_owned(), ended.err.trim_end().to_owned())
    };
    let new = "reviews.yaml: would change\n  + workflow Reviews\n  + field ID\n  + field Title\n  + stage Open\n  + stage Done\n  \
        + action Close\n  + role Administrator\n  + role Collaborator";
    assert_eq!(planned(&["reviews.yaml"]), (0, new.to_owned(), String::new()));
    assert_eq!(planned(&["reviews.yaml", "--detailed-exit-code"]).0, 2);
    let id = site.apply_reviews();
    let same = "reviews.yaml: nothing would change";
    assert_eq!(planned(&["reviews.yaml", "--detailed-exit-code"]), (0, same.to_owned(), String::new()));

    site.write("reviews.yaml", &WORKFLOW.replace("required: true", "required: false").replace("name: Done", "name: Gone"));
    let (code, out, err) = planned(&["reviews.yaml"]);
    assert_eq!((code, out.as_str()), (1, "reviews.yaml: would be refused"), "{err}");
    assert!(err.starts_with("error: reviews.yaml: actions[0].steps[0].stage: Done is not a stage"), "{err}");

    let changed = WORKFLOW.replace("required: true", "required: false").replace("Done", "Gone");
    site.write("reviews.yaml", &changed);
    let changes = "reviews.yaml: would change\n  + stage Gone\n  ~ field Title\n      required: true -> null\n  ~ step move_to_stage at \
        actions[0].steps[0]\n      stage: \"Done\" -> \"Gone\"\n  - stage Done";
    assert_eq!(planned(&["reviews.yaml", "--detailed-exit-code"]), (2, changes.to_owned(), String::new()));
    let (code, out, _) = planned(&["reviews.yaml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let keys: Vec<&String> = json[0].as_object().expect("one for each file").keys().collect();
    assert_eq!(
        (code, keys),
        (0, vec!["file", "plan", "findings", "errors"].into_iter().map(str::to_owned).collect::<Vec<_>>().iter().collect())
    );
    assert_eq!((&json[0]["file"], &json[0]["plan"]["added"][0]["name"]), (&"reviews.yaml".into(), &"Gone".into()));
    // Planned as often as one likes, it is applied once.
    assert!(site.run(&["apply", "reviews.yaml", "--workflow", &id]).err.contains("now at revision 2"));
}

#[test]
fn tasks_go_where_a_flag_says() {
    let (site, made) = Site::with_workspace();
    let text = WORKFLOW.replace(
        "  - { name: Title, type: text, required: true }",
        "  - { name: Plan, type: singleSelect, options: [Free, Pro] }\n  - { name: Notes, type: text }",
    );
    let text = text.replace("[{ name: Open }", "[{ name: Open }, { name: Held }");
    site.write("reviews.yaml", &text);
    let id = site.ok(&["apply", "reviews.yaml"]);
    let server = site.serve(&[]);
    let (key, tasks) = (made["api_key"].as_str().expect("a key"), format!("/api/v1/workflows/{id}/tasks"));
    assert_eq!(server.post(&tasks, key, r#"{"ID":"1","Stage":"Held","Plan":"Free","Notes":"n"}"#).status, 201);

    let less = text.replace(", { name: Held }", "").replace("[Free, Pro]", "[Pro]").replace("\n  - { name: Notes, type: text }", "");
    site.write("reviews.yaml", &less);
    let ended = site.run(&["apply", "reviews.yaml", "--plan"]);
    let told = "reviews.yaml: would be refused\n  - option Free at fields[1].options[0]: 1 task\n      ! refused for 1 task: --migrate-option \
        \"FIELD:Free=OPTION\" or --confirm-loss FIELD says what becomes of them\n  - field Notes: 1 task\n      ! refused for 1 task: \
        --confirm-loss \"Notes\" says that the values may go\n  - stage Held: 1 task\n      ! refused for 1 task: --migrate-stage \
        \"Held=STAGE\" says where they go";
    assert_eq!((ended.code, ended.out.trim_end()), (1, told));
    assert!(
        ended.err.contains("error: reviews.yaml: stages: Held is removed but has 1 task; move them to another stage first, or say in migrate.stages where they go"),
        "{}",
        ended.err
    );
    assert!(site.refused(&["apply", "reviews.yaml"]).contains("Held is removed but has 1 task"));

    let flags = ["--migrate-stage", "Held=Done", "--migrate-option", "Plan:Free=Pro", "--confirm-loss", "Notes"];
    let with = |more: &[&'static str]| [&["apply", "reviews.yaml"], more, &flags].concat();
    let planned = site.ok(&with(&["--plan"]));
    assert!(planned.contains("- stage Held: 1 task, which get Done"), "{planned}");
    site.ok(&with(&[]));
    let shown = server.get(&format!("{tasks}/1"), key).json();
    assert_eq!((&shown["Stage"], &shown["Plan"], shown.get("Notes")), (&"Done".into(), &"Pro".into(), None));
    for wrong in [&["--migrate-stage", "Held"][..], &["--migrate-option", "Free=Pro"], &["--json"], &["--detailed-exit-code"]] {
        assert_eq!(site.run(&[&["apply", "reviews.yaml"], wrong].concat()).code, 2, "{wrong:?}");
    }
    assert_eq!(site.run(&["apply", "a.yaml", "b.yaml", "--confirm-loss", "x"]).code, 2);
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
