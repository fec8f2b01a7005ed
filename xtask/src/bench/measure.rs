//! One measurement of a running server, and what it cost.

use std::time::Duration;

use super::Options;
use super::disk;
use super::workload::Filled;
use crate::load::{Executions, Latency, Pace, Reads, Samples, Window, drive};
use crate::server::{Server, Usage};
use crate::{Outcome, clock};

/// How a client that runs many jobs at once asks for their status: often enough not to be what is waited for, seldom
/// enough not to be what is measured.
pub const POLL: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const NOTHING_FINISHED: &str = "nothing finished within the time";

#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub per_second: f64,
    pub answered: Latency,
    pub finished: Latency,
    pub polls_each: f64,
    /// Processor time of the server and of the load generator for one execution.
    pub server_micros: f64,
    pub client_micros: f64,
    /// The slower of before and after: the disk of a shared machine changes while it is measured.
    pub sync_p50: f64,
    pub memory_peak_mb: f64,
}

pub struct Load {
    pub connections: usize,
    pub pace: Pace,
    pub poll: Duration,
    pub jobs_most: u64,
}

impl Load {
    pub fn closed(connections: usize) -> Load {
        Load { connections, pace: Pace::Closed, poll: POLL, jobs_most: u64::MAX }
    }

    /// Asks again at once: nothing else is there to be disturbed.
    pub fn one_caller() -> Load {
        Load { connections: 1, pace: Pace::Closed, poll: Duration::ZERO, jobs_most: u64::MAX }
    }
}

pub fn executions(options: &Options, filled: &mut Filled, server: &Server, load: &Load) -> Outcome<Measured> {
    executions_after(options.warm_up(), options, filled, server, load)
}

pub fn executions_after(warm_up: Duration, options: &Options, filled: &mut Filled, server: &Server, load: &Load) -> Outcome<Measured> {
    let sync_before = disk::sync_p50(&filled.site.folder)?;
    let window = Window::from_now(warm_up, options.length());
    let (server_before, client_before) = (server.usage()?, Usage::of(std::process::id())?);
    let mut script = Executions::new(&filled.job, &mut filled.tasks, load.pace, load.poll, window, clock::now());
    script.jobs_most = load.jobs_most;
    drive(&filled.job.host, load.connections, &mut script)?;
    let (server_after, client_after) = (server.usage()?, Usage::of(std::process::id())?);

    let all = script.started() as f64;
    let micros = |before: Usage, after: Usage| (after.processor_seconds - before.processor_seconds) * 1e6 / all;
    Ok(Measured {
        per_second: script.finished.count() as f64 / window.seconds(),
        answered: latency(&script.answered)?,
        finished: latency(&script.finished)?,
        polls_each: script.polls as f64 / all,
        server_micros: micros(server_before, server_after),
        client_micros: micros(client_before, client_after),
        sync_p50: sync_before.max(disk::sync_p50(&filled.site.folder)?),
        memory_peak_mb: server_after.memory_peak_kib as f64 / 1024.0,
    })
}

/// Runs as many jobs as the load says, however long they take.
pub fn run_jobs(filled: &mut Filled, load: &Load) -> Outcome {
    let window = Window::from_now(Duration::ZERO, LONGEST);
    let mut script = Executions::new(&filled.job, &mut filled.tasks, load.pace, load.poll, window, clock::now());
    script.jobs_most = load.jobs_most;
    drive(&filled.job.host, load.connections, &mut script)
}

/// Answers a second, and how long they took.
pub fn reads(options: &Options, filled: &Filled, paths: &[String]) -> Outcome<(f64, Latency)> {
    asked(options, &filled.job.host, &filled.job.api_key, paths, None)
}

/// The same for POSTs of a body.
pub fn posts(options: &Options, host: &str, path: &str, body: &str) -> Outcome<(f64, Latency)> {
    asked(options, host, "none", &[path.to_owned()], Some(body))
}

fn asked(options: &Options, host: &str, api_key: &str, paths: &[String], body: Option<&str>) -> Outcome<(f64, Latency)> {
    let window = Window::from_now(options.warm_up(), options.length());
    let mut script = Reads::new(host, api_key, paths, window);
    script.body = body;
    drive(host, options.connections, &mut script)?;
    Ok((script.answered.count() as f64 / window.seconds(), latency(&script.answered)?))
}

pub fn latency(samples: &Samples) -> Outcome<Latency> {
    samples.latency().ok_or_else(|| NOTHING_FINISHED.into())
}
