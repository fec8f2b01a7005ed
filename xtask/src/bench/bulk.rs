//! Many executions that are asked for in one request.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::measure::{self, Load};
use super::report::{Report, number};
use super::workload::Filled;
use super::{Bench, rows};
use crate::load::Samples;
use crate::{Outcome, clock};

/// As many as one request may name.
const TASKS: usize = 1_000;
const FINISHED_LONGEST: Duration = Duration::from_secs(60);

/// One caller who names a thousand tasks at a time, beside those who name one each.
pub fn bulk(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let mut filled = Filled::create(&bench.binary, bench.folder.join("bulk"), None, options.tasks.max(TASKS))?;
    let server = filled.serve()?;
    let (mut answered, mut finished) = (Samples::default(), Samples::default());
    let end = clock::now() + options.length();
    let mut first = 1;
    while clock::now() < end {
        let asked = clock::now();
        take(&mut filled, first)?;
        answered.add(clock::now() - asked);
        await_all(&filled)?;
        finished.add(clock::now() - asked);
        first = if first + 2 * TASKS > filled.count + 1 { 1 } else { first + TASKS };
    }
    server.stop()?;

    let server = filled.serve()?;
    let single = measure::executions(options, &mut filled, &server, &Load::closed(options.connections))?;
    server.stop()?;
    let (answered, finished) = (measure::latency(&answered)?, measure::latency(&finished)?);
    let per_second = |milliseconds: f64| TASKS as f64 / milliseconds * 1_000.0;
    let row = "bulk of 1,000";
    let beside = format!("the answer p50 {} ms, p99 {} ms", number(answered.p50), number(answered.p99));
    report.add(row, "accepted", per_second(answered.p50), "/s", None, &beside);
    let alone = format!("one each, {} connections: {}/s; {}", options.connections, number(single.per_second), rows::sync(&single));
    report.add(row, "finished", per_second(finished.p50), "/s", None, &alone);
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}

/// Takes the action that is next for the tasks from `first` on, which are all in one stage.
fn take(filled: &mut Filled, first: usize) -> Outcome {
    let action = if filled.tasks.is_moved(first) { &filled.job.back } else { &filled.job.forth };
    let tasks: Vec<String> = (first..first + TASKS).map(|task| task.to_string()).collect();
    let body = json!({"task_ids": tasks, "action_id": action}).to_string();
    let told = filled.site.client().post(&path(filled), &body)?.expect(202)?;
    if let Some(refused) = told.as_array().into_iter().flatten().find(|one| one["status"] != "Pending") {
        return Err(format!("one was refused: {refused}").into());
    }
    (first..first + TASKS).for_each(|task| filled.tasks.toggle(task));
    Ok(())
}

fn await_all(filled: &Filled) -> Outcome {
    let mut client = filled.site.client();
    let pending = format!("{}?_status=Pending&_limit=1", path(filled));
    clock::wait_for("the end of a bulk", FINISHED_LONGEST, || {
        let found = client.get(&pending)?.expect(200)?;
        Ok(found.as_array().is_some_and(Vec::is_empty).then_some(()))
    })
}

fn path(filled: &Filled) -> String {
    format!("/api/v1/workflows/{}/executions", filled.job.workflow)
}
