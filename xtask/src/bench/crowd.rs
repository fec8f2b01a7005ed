//! More than can be done: what is answered then, and who is made to wait.

use std::fs;
use std::time::Duration;

use super::measure::{self, Load};
use super::report::{Goal, Report, number};
use super::workload::{Filled, Setup, new_site};
use super::{Bench, rows};
use crate::load::{Pace, Posts, drive};
use crate::{Outcome, clock};

const TIMES: f64 = 5.0;
/// Callers at once: more than may wait for the writer, so that somebody has to be refused.
const CALLERS: usize = 4_096;
/// Two for each caller.
const OVERLOAD_TASKS_LEAST: usize = 2 * CALLERS;
/// A refusal is to come within this.
const REFUSED_MS: f64 = 50.0;
/// Of many executions so many are asked for.
const SAMPLE: usize = 256;
const ALL_END_LONGEST: Duration = Duration::from_secs(600);
/// Those of the workspace that is not flooded.
const OTHER_TASKS: usize = 1_000;

/// The peak first, then five times as much, whether it can be done or not.
pub fn overload(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let site = new_site(&bench.binary, &bench.folder.join("overload"), None)?;
    let mut filled = Filled::of(site, &Setup::with_connections(), options.tasks.max(OVERLOAD_TASKS_LEAST))?;
    let server = filled.serve()?;
    let peak = measure::executions(options, &mut filled, &server, &Load::closed(options.connections))?;
    let before = server.usage()?.memory_kib as f64 / 1024.0;

    let pace = Pace::Open { per_second: TIMES * peak.per_second };
    let mut posts = Posts::new(&filled.job, &mut filled.tasks, pace, options.length());
    drive(&filled.job.host, CALLERS, &mut posts)?;
    let seconds = posts.seconds();
    let (sent, accepted, too_soon) = (posts.started(), posts.accepted.clone(), posts.too_soon);
    let (accepted_in, refused_in, silent) = (posts.accepted_in.latency(), posts.refused_in.clone(), posts.without_retry_after);
    let sample = even_sample(&accepted);
    let finished = count(&filled, &sample, "Success")? as f64 / sample.len().max(1) as f64 * accepted.len() as f64;
    let memory = server.usage()?;

    let row = "overload x5";
    let share = finished / seconds / peak.per_second;
    let beside = format!(
        "peak {}/s; offered {}/s, accepted {}/s; {}",
        number(peak.per_second),
        number(sent as f64 / seconds),
        number(accepted.len() as f64 / seconds),
        rows::sync(&peak)
    );
    report.add(row, "finished, of the peak", share, "", Some(Goal::AtLeast(0.9)), &beside);
    if let Some(latency) = refused_in.latency() {
        let beside = format!("{} refused; p50 {} ms", number(refused_in.count() as f64), number(latency.p50));
        report.add(row, "refused p99", latency.p99, "ms", Some(Goal::AtMost(REFUSED_MS)), &beside);
    }
    let beside = format!("of {} refused; {too_soon} tasks came round too soon", number(refused_in.count() as f64));
    report.add(row, "refused without Retry-After", silent as f64, "", Some(Goal::AtMost(0.0)), &beside);
    if let Some(latency) = accepted_in {
        report.add(row, "accepted p50", latency.p50, "ms", None, &format!("p99 {} ms", number(latency.p99)));
    }
    let beside = format!("{} MB before, {} MB after", number(before), number(memory.memory_kib as f64 / 1024.0));
    report.add(row, "memory peak", memory.memory_peak_kib as f64 / 1024.0, "MB", None, &beside);
    let kept = wait_for_all(&filled, &accepted)?;
    report.add(row, "accepted and then done", kept, "", Some(Goal::AtLeast(1.0)), &format!("of {SAMPLE} looked at"));
    server.stop()?;
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}

/// One workspace has a long queue, and somebody of another one comes.
pub fn fairness(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let site = new_site(&bench.binary, &bench.folder.join("fairness"), None)?;
    let mut flooded = Filled::of(site, &Setup::usual(), options.flood)?;
    let mut other = Filled::of(flooded.site.beside("Other")?, &Setup::usual(), OTHER_TASKS)?;
    let server = other.serve()?;
    let idle = measure::executions(options, &mut other, &server, &Load::one_caller())?;
    server.stop()?;

    // A node that answers and runs nothing, so that all of them wait.
    let (server, _) = flooded.site.serve_until_ready(&[("BATON_ROLE", "web")])?;
    let mut posts = Posts::new(&flooded.job, &mut flooded.tasks, Pace::Closed, ALL_END_LONGEST);
    posts.posts_most = options.flood as u64;
    drive(&flooded.job.host, options.connections, &mut posts)?;
    let queued = posts.accepted.clone();
    server.stop()?;

    let server = other.serve()?;
    let start = clock::now();
    let crowded = measure::executions_after(Duration::ZERO, options, &mut other, &server, &Load::one_caller())?;
    let sample = even_sample(&queued);
    let left = count(&flooded, &sample, "Pending")? as f64 / sample.len().max(1) as f64;
    let kept = wait_for_all(&flooded, &queued)?;
    let seconds = start.elapsed().as_secs_f64();
    server.stop()?;

    let row = "fairness";
    let beside = format!(
        "idle {} ms; another workspace has queued {}; {}",
        number(idle.finished.p99),
        number(queued.len() as f64),
        rows::sync(&crowded)
    );
    report.add(row, "finished p99", crowded.finished.p99, "ms", Some(Goal::AtMost(2.0 * idle.finished.p99)), &beside);
    let beside = format!("idle {} ms; answered p99 {} ms", number(idle.finished.p50), number(crowded.answered.p99));
    report.add(row, "finished p50", crowded.finished.p50, "ms", None, &beside);
    report.add(row, "the queue worked through", queued.len() as f64 / seconds, "/s", None, "");
    report.add(row, "left in the end", 100.0 * left, "%", Some(Goal::AtLeast(1.0)), "else nobody was there to be heard");
    report.add(row, "queued and then done", kept, "", Some(Goal::AtLeast(1.0)), &format!("of {SAMPLE} looked at"));
    Ok(fs::remove_dir_all(&flooded.site.folder)?)
}

/// In their order, the last one included.
fn even_sample(ids: &[String]) -> Vec<String> {
    ids.iter().rev().step_by(ids.len().div_ceil(SAMPLE).max(1)).cloned().collect()
}

/// How many of them have this status now.
fn count(filled: &Filled, ids: &[String], status: &str) -> Outcome<usize> {
    let mut client = filled.site.client();
    let mut found = 0;
    for id in ids {
        let answer = client.get(&format!("/api/v1/workflows/{}/executions/{id}", filled.job.workflow))?.expect(200)?;
        found += usize::from(answer["status"] == status);
    }
    Ok(found)
}

/// Waits until none waits any more; the share that has ended well.
fn wait_for_all(filled: &Filled, ids: &[String]) -> Outcome<f64> {
    let sample = even_sample(ids);
    clock::wait_for("the end of all that was accepted", ALL_END_LONGEST, || {
        clock::pause(Duration::from_millis(50));
        Ok((count(filled, &sample, "Pending")? == 0).then_some(()))
    })?;
    Ok(count(filled, &sample, "Success")? as f64 / sample.len().max(1) as f64)
}
