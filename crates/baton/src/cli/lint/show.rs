//! Findings for people: a line for each, and below it what shows it.

use std::fmt::Write as _;

use baton_core::lint::Point;

use super::{Linted, Placed};

pub(super) fn text(linted: &[Linted]) -> String {
    let mut text = String::new();
    for file in linted {
        for problem in &file.problems {
            line(&mut text, &file.file, problem, "error", &problem.what.path, &problem.what.message);
        }
        for finding in &file.findings {
            let what = &finding.what;
            let message = format!("{} [{}]", what.message, what.code.name());
            line(&mut text, &file.file, finding, what.severity.name(), &what.path, &message);
            if !what.counterexample.is_empty() {
                let points: Vec<String> = what.counterexample.iter().map(point).collect();
                writeln!(text, "    {}", points.join(" -> ")).expect("a text takes all");
            }
        }
        if file.problems.is_empty() && file.findings.is_empty() {
            writeln!(text, "{}: no findings", file.file).expect("a text takes all");
        }
    }
    text.trim_end().to_owned()
}

fn line<T>(text: &mut String, file: &str, placed: &Placed<T>, severity: &str, path: &str, message: &str) {
    let place = placed.line.zip(placed.column).map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
    writeln!(text, "{file}{place}: {severity}: {path}{message}").expect("a text takes all");
}

fn point(point: &Point) -> String {
    match point {
        Point::Stage { stage } => stage.clone(),
        Point::Action { action } => action.clone(),
        Point::Automation { automation } => automation.clone(),
        Point::Role { role } => format!("as {role}"),
        Point::Value { field, value } if value.is_null() => format!("{field} is blank"),
        Point::Value { field, value } => format!("{field} is {value}"),
        Point::Field { field } => field.clone(),
    }
}
