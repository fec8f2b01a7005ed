//! What was measured, beside what is to be reached and what was measured last time: as a table for people, as JSON for
//! programs, which is also what the next run is compared with.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Line {
    pub row: &'static str,
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    pub goal: Option<Goal>,
    /// What it is to be seen beside.
    pub beside: String,
    /// Of the disk, before the group of rows that this one is of.
    pub syncs_per_second: f64,
    /// The same line of the last run under the same settings.
    pub last: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub fn reached(self, value: f64) -> bool {
        match self {
            Goal::AtLeast(bound) => value >= bound,
            Goal::AtMost(bound) => value <= bound,
        }
    }

    fn shown(self) -> String {
        match self {
            Goal::AtLeast(bound) => format!(">= {}", number(bound)),
            Goal::AtMost(bound) => format!("<= {}", number(bound)),
        }
    }
}

pub struct Report {
    pub lines: Vec<Line>,
    /// The texts that a limit was measured with, by the limit's name.
    pub statements: Vec<(&'static str, Vec<String>)>,
    pub syncs_per_second: f64,
    settings: Value,
    /// Lines of earlier runs.
    earlier: Vec<Value>,
}

impl Report {
    /// `last` is what an earlier run wrote; only its lines under the same settings are compared with.
    pub fn new(settings: Value, last: Option<&Value>) -> Report {
        let earlier = last.and_then(|last| last["lines"].as_array()).cloned().unwrap_or_default();
        Report { lines: Vec::new(), statements: Vec::new(), syncs_per_second: 0.0, settings, earlier }
    }

    pub fn add(&mut self, row: &'static str, what: &str, value: f64, unit: &'static str, goal: Option<Goal>, beside: &str) {
        let same = |line: &&Value| line["row"] == row && line["what"] == what && line["settings"] == self.settings;
        let last = self.earlier.iter().find(same).and_then(|line| line["value"].as_f64());
        let syncs_per_second = self.syncs_per_second;
        let line = Line { row, what: what.to_owned(), value, unit, goal, beside: beside.to_owned(), syncs_per_second, last };
        println!("{}", cells(&line).join(" | "));
        self.lines.push(line);
    }

    pub fn table(&self) -> String {
        let head = ["row", "what", "measured", "to reach", "reached", "last run", "syncs/s", "beside"].map(String::from);
        let rows: Vec<Cells> = std::iter::once(head).chain(self.lines.iter().map(cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let mut table = String::new();
        for (index, row) in rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            table.push_str(&format!("| {} |\n", cells.join(" | ")));
            if index == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                table.push_str(&format!("| {} |\n", rules.join(" | ")));
            }
        }
        table
    }

    /// With the lines of earlier runs that this one did not measure again.
    pub fn json(&self, made_at: u64) -> Value {
        let measured = self.lines.iter().map(|line| {
            let goal = line.goal.map(Goal::shown);
            let reached = line.goal.map(|goal| goal.reached(line.value));
            json!({
                "row": line.row, "what": line.what, "value": line.value, "unit": line.unit, "goal": goal, "reached": reached,
                "last": line.last, "syncs_per_second": line.syncs_per_second, "beside": line.beside, "settings": self.settings,
                "made_at": made_at,
            })
        });
        let again = |old: &Value| self.lines.iter().any(|line| old["row"] == line.row && old["what"] == line.what);
        let kept = self.earlier.iter().filter(|old| old["settings"] != self.settings || !again(old)).cloned();
        let lines: Vec<Value> = measured.chain(kept).collect();
        let statements: Vec<Value> = self.statements.iter().map(|(limit, texts)| json!({"limit": limit, "statements": texts})).collect();
        json!({"lines": lines, "statements": statements})
    }

    pub fn missed(&self) -> usize {
        self.lines.iter().filter(|line| line.goal.is_some_and(|goal| !goal.reached(line.value))).count()
    }
}

const COLUMNS: usize = 8;
type Cells = [String; COLUMNS];

fn cells(line: &Line) -> Cells {
    let reached = line.goal.map_or("", |goal| if goal.reached(line.value) { "yes" } else { "NO" });
    let measured = format!("{} {}", number(line.value), line.unit).trim_end().to_owned();
    let goal = line.goal.map_or(String::new(), Goal::shown);
    let last = line.last.map_or(String::new(), |last| match 100.0 * (line.value - last) / last {
        change if change.is_finite() => format!("{} ({change:+.0} %)", number(last)),
        _ => number(last),
    });
    [line.row.into(), line.what.clone(), measured, goal, reached.into(), last, number(line.syncs_per_second), line.beside.clone()]
}

/// Three digits that matter: 12,345 and 1,234 and 123 and 12.3 and 1.23.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_matter() {
        for (value, text) in [
            (1_234_567.0, "1,234,567"),
            (8_000.4, "8,000"),
            (999.6, "1,000"),
            (12.34, "12.3"),
            (0.754, "0.75"),
            (2.0, "2"),
            (0.0, "0"),
            (-1_234.0, "-1,234"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_table_says_what_was_reached_and_what_was_measured_last() {
        let settings = json!({"tasks": 5});
        let line = |what: &str, settings: &Value| json!({"row": "a", "what": what, "value": 2.0, "settings": settings});
        let last = json!({"lines": [line("time", &settings), line("speed", &json!({"tasks": 6})), line("gone", &settings)]});
        let mut report = Report::new(settings.clone(), Some(&last));
        report.syncs_per_second = 250.0;
        report.add("a", "speed", 7_999.0, "/s", Some(Goal::AtLeast(8_000.0)), "limit 10,000/s");
        report.add("a", "time", 1.5, "ms", Some(Goal::AtMost(2.0)), "");
        report.add("b", "more", 3.0, "", None, "");
        assert_eq!(report.missed(), 1);
        let expected = "\
            | row | what  | measured | to reach | reached | last run  | syncs/s | beside         |\n\
            | --- | ----- | -------- | -------- | ------- | --------- | ------- | -------------- |\n\
            | a   | speed | 7,999 /s | >= 8,000 | NO      |           | 250     | limit 10,000/s |\n\
            | a   | time  | 1.5 ms   | <= 2     | yes     | 2 (-25 %) | 250     |                |\n\
            | b   | more  | 3        |          |         |           | 250     |                |\n";
        assert_eq!(report.table(), expected);
        let written = report.json(9);
        assert_eq!(written["lines"][0]["reached"], json!(false));
        let whats: Vec<&Value> = written["lines"].as_array().into_iter().flatten().map(|line| &line["what"]).collect();
        assert_eq!(whats, ["speed", "time", "more", "speed", "gone"], "what was not measured again is kept");
    }
}
