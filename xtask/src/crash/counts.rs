//! What is kept beside the tasks, the counts and the index of words, against the tasks as a list shows them.

use serde_json::Value;

use crate::Outcome;
use crate::http::Client;

const STAGES: [&str; 3] = ["Home", "Away", "Gone"];
const TRAIL: &str = "Trail";

/// Looks while some task moves between them, as one may that is scheduled.
const LOOKS_MAX: usize = 50;

/// `rows` are tasks as they are now, each of which is looked for by the last word of its Trail.
pub fn judge(client: &mut Client, workflow: &str, rows: &[Value]) -> Outcome<Vec<String>> {
    let tasks = format!("/api/v1/workflows/{workflow}/tasks");
    let mut findings = check_counts(client, &tasks)?;
    for row in rows {
        let Some(word) = row[TRAIL].as_str().and_then(|trail| trail.split_terminator(';').next_back()) else { continue };
        let found = client.get(&format!("{tasks}?_search={word}&_fields=ID"))?.expect(200)?;
        if !found.as_array().into_iter().flatten().any(|task| task["ID"] == row["ID"]) {
            findings.push(format!("task {} is not found by {word}, the end of its Trail", row["ID"]));
        }
    }
    Ok(findings)
}

fn check_counts(client: &mut Client, tasks: &str) -> Outcome<Vec<String>> {
    let listed = |client: &mut Client| client.get(&format!("{tasks}?_fields=Stage"))?.expect(200);
    for _ in 0..LOOKS_MAX {
        let before = listed(client)?;
        let mut findings = Vec::new();
        for stage in STAGES {
            let reply = client.get(&format!("{tasks}?Stage={stage}&_limit=1&_count=true"))?;
            reply.expect(200)?;
            let there = before.as_array().into_iter().flatten().filter(|task| task["Stage"] == stage).count();
            if reply.total != Some(there as u64) {
                findings.push(format!("{there} tasks are in {stage}, and the count says {:?}", reply.total));
            }
        }
        if findings.is_empty() || listed(client)? == before {
            return Ok(findings);
        }
    }
    Err("tasks never stand still".into())
}
