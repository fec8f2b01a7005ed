use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::site::Site;

const LOST: &str = "\
name: Contracts
stages: [ { name: Draft }, { name: Signed, end: true }, { name: Lost, end: true } ]
actions:
  - { name: Sign, from: [Draft], steps: [ { do: move_to_stage, stage: Signed } ] }
";

/// Alike, which is only an info.
const ALIKE: &str = "\
name: Contracts
stages: [ { name: Draft }, { name: Signed, end: true } ]
actions:
  - { name: Sign, from: [Draft], steps: [ { do: move_to_stage, stage: Signed } ] }
  - { name: Accept, from: [Draft], steps: [ { do: move_to_stage, stage: Signed } ] }
";

#[test]
fn the_exit_code_says_how_it_stands() {
    let site = Site::new();
    site.write("lost.yaml", LOST);
    site.write("alike.yaml", ALIKE);
    site.write("good.yaml", &LOST.replace(", { name: Lost, end: true }", ""));
    site.write("bad.yaml", &LOST.replace("from: [Draft]", "from: [Darft]"));
    site.write("broken.json", "{");
    for (arguments, code) in [
        (&["good.yaml"][..], 0),
        (&["alike.yaml"], 0),
        (&["alike.yaml", "--fail-on", "info"], 1),
        (&["good.yaml", "lost.yaml"], 1),
        (&["lost.yaml", "--fail-on", "never"], 0),
        (&["bad.yaml"], 2),
        (&["lost.yaml", "broken.json"], 2),
        (&["lost.yaml", "missing.yaml", "--fail-on", "never"], 2),
        (&[], 2),
    ] {
        let ended = site.run(&[&["lint"], arguments].concat());
        assert_eq!(ended.code, code, "{arguments:?} {ended:?}");
    }
}

#[test]
fn it_says_the_same_in_three_forms() {
    let site = Site::new();
    site.write("lost.yaml", LOST);
    let text = site.run(&["lint", "lost.yaml"]);
    assert!(text.out.starts_with("lost.yaml:2:57: warning: stages[2]: No task can reach Lost"), "{text:?}");
    let json: Json = serde_json::from_str(&site.run(&["lint", "lost.yaml", "--format", "json"]).out).expect("JSON");
    let finding = &json[0]["findings"][0];
    assert_eq!((&finding["code"], &finding["line"], &finding["column"]), (&"stage_unreachable".into(), &2.into(), &57.into()));
    assert_eq!((&json[0]["file"], &json[0]["problems"]), (&"lost.yaml".into(), &Json::Array(Vec::new())));
    let sarif: Json = serde_json::from_str(&site.run(&["lint", "lost.yaml", "--format", "sarif"]).out).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["message"]["text"], finding["message"]);
}

#[test]
fn stdin_may_be_yaml_or_json() {
    let json = r#"{"name":"W","stages":[{"name":"Open"},{"name":"Done","end":true}],"actions":[{"name":"Close","from":["Open"],"steps":[{"do":"move_to_stage","stage":"Done"}]}]}"#;
    let site = Site::new();
    for (given, code) in [(LOST, 1), (json, 0), ("{ name: W, stages: [ { name: Open } ] }", 0), ("{", 2)] {
        let mut linter = site.command(&["lint", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
        linter.stdin.take().expect("a pipe").write_all(given.as_bytes()).expect("it reads");
        assert_eq!(linter.wait().expect("it ends").code(), Some(code), "{given}");
    }
}
