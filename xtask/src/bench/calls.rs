//! Steps that call somebody, and those who must not notice.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::measure::{self, Load};
use super::report::{Goal, Report, number};
use super::workload::{Filled, HANG, Setup, listed, new_site};
use super::{Bench, Options, rows};
use crate::load::Tasks;
use crate::receiver::{ANSWERS, HANGS, Receiver};
use crate::server::text_of;
use crate::{Outcome, clock};

/// Tasks whose call is never answered.
const HANGING: usize = 200;
const ALL_HANG_LONGEST: Duration = Duration::from_secs(60);
/// About what the step sends of a task of this workflow.
const REQUEST_BYTES: usize = 700;

/// One execution with one call, beside what the one who is called can do.
pub fn calls(bench: &Bench, report: &mut Report) -> Outcome {
    let Options { tasks, connections, .. } = bench.options;
    let receiver = Receiver::start()?;
    let body = json!({"task": {"Note": "x".repeat(REQUEST_BYTES)}}).to_string();
    let (alone, _) = measure::posts(&bench.options, &receiver.address, ANSWERS, &body)?;

    let site = new_site(&bench.binary, &bench.folder.join("calls"), None)?;
    let mut filled = Filled::of(site, &Setup::calling(&format!("http://{}{ANSWERS}", receiver.address)), tasks)?;
    let server = filled.serve()?;
    let measured = measure::executions(&bench.options, &mut filled, &server, &Load::closed(connections))?;
    server.stop()?;
    let row = "API call";
    let beside = format!("{}; the receiver alone, on kept connections: {}/s", rows::sync(&measured), number(alone));
    report.add(row, "finished", measured.per_second, "/s", None, &beside);
    report.add(row, "of the receiver alone", 100.0 * measured.per_second / alone, "%", None, "");
    rows::latencies(report, row, &measured);
    report.add(row, "memory peak", measured.memory_peak_mb, "MB", Some(Goal::AtMost(150.0)), "");
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}

/// Calls that hang, each for a task, and how long another task takes meanwhile.
pub fn hanging(bench: &Bench, report: &mut Report) -> Outcome {
    let receiver = Receiver::start()?;
    let site = new_site(&bench.binary, &bench.folder.join("hanging"), None)?;
    let setup = Setup::hanging(&format!("http://{}{HANGS}", receiver.address));
    // Those that hang are the last, and no others are acted on.
    let others = bench.options.tasks;
    let mut filled = Filled::of(site, &setup, others + HANGING)?;
    filled.tasks = Tasks::new(others);

    let mut server = filled.serve()?;
    let without = measure::executions(&bench.options, &mut filled, &server, &Load::one_caller())?;
    let mut client = filled.site.client();
    let hang = listed(&mut client, &filled.job.workflow, others + 1, HANG)?;
    let path = format!("/api/v1/workflows/{}/executions", filled.job.workflow);
    let mut last = String::new();
    for task in others + 1..=others + HANGING {
        let body = json!({"task_id": task.to_string(), "action_id": hang}).to_string();
        last = text_of(&client.post(&path, &body)?.expect(202)?, "id")?;
    }
    clock::wait_for("the last of the calls", ALL_HANG_LONGEST, || Ok((receiver.hanging() == HANGING).then_some(())))?;
    let with = measure::executions(&bench.options, &mut filled, &server, &Load::one_caller())?;
    let status = text_of(&filled.site.client().get(&format!("{path}/{last}"))?.expect(200)?, "status")?;
    if status != "Pending" {
        return Err(format!("a call that hangs has ended: {status}").into());
    }
    // Asked to stop, it would wait for them.
    server.kill()?;

    let row = "200 calls hang";
    let beside = |idle: f64| format!("without them {} ms; {}", number(idle), rows::sync(&with));
    let (p50, p99) = (without.finished.p50, without.finished.p99);
    report.add(row, "another's finished p50", with.finished.p50, "ms", Some(Goal::AtMost(1.2 * p50)), &beside(p50));
    report.add(row, "another's finished p99", with.finished.p99, "ms", Some(Goal::AtMost(2.0 * p99)), &beside(p99));
    report.add(row, "memory peak", with.memory_peak_mb, "MB", Some(Goal::AtMost(150.0)), "");
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}
