//! Findings as SARIF 2.1.0, which code review tools show beside the lines.

use baton_core::lint::{Code, Severity};
use serde_json::{Value as Json, json};

use super::{Linted, Placed};

/// The rule of a definition that can't be saved.
const INVALID: &str = "invalid_definition";

pub(super) fn log(linted: &[Linted]) -> Json {
    let mut rules: Vec<Json> = Code::ALL.iter().map(|code| rule(code.name(), code.title(), "warning")).collect();
    rules.push(rule(INVALID, "The definition can't be saved", "error"));
    json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "baton lint", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": linted.iter().flat_map(results).collect::<Vec<_>>(),
        }],
    })
}

fn rule(id: &str, title: &str, level: &str) -> Json {
    json!({ "id": id, "shortDescription": { "text": title }, "defaultConfiguration": { "level": level } })
}

fn results(file: &Linted) -> Vec<Json> {
    let problems = file.problems.iter().map(|problem| {
        let what = &problem.what;
        result(file, problem, (INVALID, Code::ALL.len()), "error", &what.path, &what.message)
    });
    let findings = file.findings.iter().map(|finding| {
        let what = &finding.what;
        let level = match what.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
        };
        let index = Code::ALL.iter().position(|code| *code == what.code).unwrap_or_default();
        let mut result = result(file, finding, (what.code.name(), index), level, &what.path, &what.message);
        result["properties"] = json!({ "counterexample": what.counterexample });
        result
    });
    problems.chain(findings).collect()
}

fn result<T>(file: &Linted, placed: &Placed<T>, rule: (&str, usize), level: &str, path: &str, message: &str) -> Json {
    let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&file.file) } } });
    if let (Some(line), Some(column)) = (placed.line, placed.column) {
        location["physicalLocation"]["region"] = json!({ "startLine": line, "startColumn": column });
    }
    if !path.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": path }]);
    }
    json!({ "ruleId": rule.0, "ruleIndex": rule.1, "level": level, "message": { "text": message }, "locations": [location] })
}

/// A path as a relative reference: what means something else in one is encoded.
fn uri(file: &str) -> String {
    if file == "-" {
        return "stdin".to_owned();
    }
    let mut uri = String::new();
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
