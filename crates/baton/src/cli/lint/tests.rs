use serde_json::json;

use super::*;

const LOST: &str = "name: W\nfields: [ { name: Name, type: text } ]\nstages:\n  - { name: Open }\n  - { name: Done, end: true }\n  - { name: Lost, end: true }\nactions:\n  - { name: Close, from: [Open], steps: [ { do: move_to_stage, stage: Done } ] }\n";

fn linted(name: &str, text: &str) -> Linted {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("a file");
    Linted { file: name.to_owned(), ..Linted::of(&file) }
}

#[test]
fn a_finding_for_people() {
    let told = show::text(&[linted("lost.yaml", LOST), linted("good.yaml", &LOST.replace("  - { name: Lost, end: true }\n", ""))]);
    assert_eq!(
        told,
        "lost.yaml:6:5: warning: stages[2]: No task can reach Lost: nothing moves one there. Let an action move tasks to Lost, or remove the stage. [stage_unreachable]\n    Lost\ngood.yaml: no findings"
    );
}

#[test]
fn a_problem_is_told_at_its_line() {
    let told = show::text(&[linted("bad.yaml", &LOST.replace("stage: Done", "stage: Dnoe"))]);
    assert_eq!(told, "bad.yaml:8:64: error: actions[0].steps[0].stage: Dnoe is not a stage; did you mean Done?");
    let broken = show::text(&[linted("broken.yaml", "name: [")]);
    assert!(broken.starts_with("broken.yaml:1:7: error: is not valid YAML: "), "{broken}");
    let missing = show::text(&[Linted::of(Path::new("no/such/file.yaml"))]);
    assert!(missing.starts_with("no/such/file.yaml: error: can't be read: "), "{missing}");
}

#[test]
fn json_has_places_too() {
    let text = "{\n\t\"name\": \"W\",\n\t\"stages\": [\n\t\t{ \"name\": \"Open\", \"end\": true },\n\t\t{ \"name\": \"Lost\" }\n\t]\n}\n";
    let found = linted("w.json", text);
    assert_eq!(found.findings.len(), 1);
    assert_eq!((found.findings[0].line, found.findings[0].column), (Some(5), Some(3)));
}

#[test]
fn as_sarif() {
    let log = sarif::log(&[linted("lost.yaml", LOST), linted("bad.yaml", "name: W")]);
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(
        run["results"][0],
        json!({
            "ruleId": "stage_unreachable",
            "ruleIndex": 0,
            "level": "warning",
            "message": { "text": "No task can reach Lost: nothing moves one there. Let an action move tasks to Lost, or remove the stage." },
            "locations": [{
                "physicalLocation": { "artifactLocation": { "uri": "lost.yaml" }, "region": { "startLine": 6, "startColumn": 5 } },
                "logicalLocations": [{ "fullyQualifiedName": "stages[2]" }],
            }],
            "properties": { "counterexample": [{ "stage": "Lost" }] },
        })
    );
    for result in run["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}

#[test]
fn files_are_named_as_references() {
    let file = Linted { file: "a b/ü.yaml".to_owned(), ..linted("lost.yaml", LOST) };
    let log = sarif::log(&[file]);
    let location = &log["runs"][0]["results"][0]["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "a%20b/%C3%BC.yaml");
}
