//! What is measured, and what is to be reached.

use std::fs;
use std::time::Duration;

use super::measure::{self, Load, Measured, POLL};
use super::profile::Profile;
use super::report::{Goal, Report, number};
use super::workload::Filled;
use super::{Bench, Row, limits, show_statements};
use crate::load::{Latency, Order, Pace};
use crate::postgres::Cluster;
use crate::server::Server;
use crate::{Outcome, clock};

/// Durable, with the memory and the log that a machine of this size would be given.
pub const POSTGRES_SETTINGS: [(&str, &str); 4] =
    [("shared_buffers", "512MB"), ("max_wal_size", "4GB"), ("synchronous_commit", "on"), ("fsync", "on")];
/// An execution takes longer here than [`POLL`]; asked so often, reads would be most of what is measured.
const POSTGRES_POLL: Duration = Duration::from_millis(10);
const OPEN_LOOP_PER_SECOND: f64 = 500.0;
/// The small workflow that growth is measured from.
const SMALL_TASKS: usize = 1_000;
/// Measurements of the small and of the large take turns, because the disk changes.
const TURNS: usize = 3;
const STARTS: usize = 5;
/// How long a server is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(2);

pub fn embedded(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let mut filled = Filled::create(&bench.binary, bench.folder.join("embedded"), None, options.tasks)?;
    if options.wants(Row::Memory) {
        idle_memory(report, &filled)?;
    }
    if options.wants(Row::Embedded) {
        many_callers(bench, report, &mut filled, "embedded", Order::InTurn)?;
        many_callers(bench, report, &mut filled, "embedded, scattered", Order::Scattered)?;
        filled.tasks.order = Order::InTurn;
    }
    if options.wants(Row::OneCaller) {
        let server = filled.serve()?;
        one_caller(bench, report, &mut filled, &server)?;
        server.stop()?;
    }
    if options.wants(Row::OpenLoop) {
        let server = filled.serve()?;
        open_loop(bench, report, &mut filled, &server)?;
        server.stop()?;
    }
    if options.wants(Row::Reads) {
        let server = filled.serve()?;
        reads(bench, report, &mut filled)?;
        server.stop()?;
    }
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}

fn many_callers(bench: &Bench, report: &mut Report, filled: &mut Filled, row: &'static str, order: Order) -> Outcome {
    let limit = limits::sqlite(&filled.site.folder, order.step(filled.count), bench.options.seconds)?;
    let server = filled.serve()?;
    filled.tasks.order = order;
    let measured = under_load(bench, filled, &server, row, POLL)?;
    report.add(row, "finished", measured.per_second, "/s", Some(Goal::AtLeast(8_000.0)), &sync(&measured));
    let beside = format!("the same SQL in a bare SQLite loop, 64 a commit: {}/s", number(limit.per_second));
    report.add(row, "of the limit", measured.per_second / limit.per_second, "", Some(Goal::AtLeast(0.75)), &beside);
    latencies(report, row, &measured);
    report.add(row, "memory peak", measured.memory_peak_mb, "MB", Some(Goal::AtMost(150.0)), "");
    show_statements(report, row, limit.statements);
    server.stop()
}

/// The measurement by all connections, with a profile if one is wanted.
fn under_load(bench: &Bench, filled: &mut Filled, server: &Server, row: &str, poll: Duration) -> Outcome<Measured> {
    let profile = bench.options.profile.then(|| Profile::start(server, &bench.folder, row)).transpose()?;
    let load = Load { poll, ..Load::closed(bench.options.connections) };
    let measured = measure::executions(&bench.options, filled, server, &load)?;
    profile.map_or(Ok(()), Profile::finish)?;
    Ok(measured)
}

pub fn latencies(report: &mut Report, row: &'static str, measured: &Measured) {
    let Measured { answered, finished, polls_each, server_micros, client_micros, .. } = measured;
    let spread = |latency: &Latency| format!("p99 {} ms", number(latency.p99));
    report.add(row, "answer p50", answered.p50, "ms", None, &spread(answered));
    report.add(row, "finished p50", finished.p50, "ms", None, &spread(finished));
    let beside = format!("load generator {} us; {} polls", number(*client_micros), number(*polls_each));
    report.add(row, "processor an execution", *server_micros, "us", None, &beside);
}

pub fn sync(measured: &Measured) -> String {
    format!("sync p50 {} ms", number(measured.sync_p50))
}

fn one_caller(bench: &Bench, report: &mut Report, filled: &mut Filled, server: &Server) -> Outcome {
    let measured = measure::executions(&bench.options, filled, server, &Load::one_caller())?;
    let Measured { answered, finished, sync_p50, .. } = measured;
    let row = "one caller, idle";
    report.add(row, "answer p50", answered.p50, "ms", Some(Goal::AtMost(sync_p50 + 0.5)), &sync(&measured));
    report.add(row, "answer p99", answered.p99, "ms", Some(Goal::AtMost(4.0 * answered.p50)), "4 x its p50");
    report.add(row, "finished p50", finished.p50, "ms", Some(Goal::AtMost(2.0 * sync_p50 + 1.5)), &sync(&measured));
    report.add(row, "finished p99", finished.p99, "ms", Some(Goal::AtMost(4.0 * finished.p50)), "4 x its p50");
    Ok(())
}

fn open_loop(bench: &Bench, report: &mut Report, filled: &mut Filled, server: &Server) -> Outcome {
    let pace = Pace::Open { per_second: OPEN_LOOP_PER_SECOND };
    let load = Load { connections: bench.options.connections, pace, poll: POLL, jobs_most: u64::MAX };
    let measured = measure::executions(&bench.options, filled, server, &load)?;
    let row = "open loop, 500/s";
    report.add(row, "finished", measured.per_second, "/s", None, &sync(&measured));
    report.add(row, "answer p99", measured.answered.p99, "ms", Some(Goal::AtMost(25.0)), "");
    report.add(row, "finished p99", measured.finished.p99, "ms", Some(Goal::AtMost(60.0)), "");
    Ok(())
}

fn reads(bench: &Bench, report: &mut Report, filled: &mut Filled) -> Outcome {
    let workflow = filled.job.workflow.clone();
    let mut executions = Vec::new();
    for task in 1..=bench.options.connections {
        executions.push(format!("/api/v1/workflows/{workflow}/executions/{}", filled.execute(task)?));
    }
    let actions: Vec<String> = (1..=filled.count).map(|task| format!("/api/v1/workflows/{workflow}/tasks/{task}/actions")).collect();
    let explained: Vec<String> = actions.iter().map(|path| format!("{path}?_explain=true")).collect();
    let (health, _) = measure::reads(&bench.options, filled, &["/healthz".to_owned()])?;
    let beside = format!("/healthz {}/s", number(health));
    let goal = Some(Goal::AtLeast(30_000.0));
    let rows =
        [("GET .../actions", actions, goal), ("GET .../executions/<id>", executions, goal), ("GET .../actions?_explain", explained, None)];
    for (what, paths, goal) in rows {
        let (per_second, latency) = measure::reads(&bench.options, filled, &paths)?;
        report.add("reads", what, per_second, "/s", goal, &beside);
        report.add("reads", "p50", latency.p50, "ms", None, &format!("p99 {} ms", number(latency.p99)));
    }
    Ok(())
}

pub fn postgres(bench: &Bench, report: &mut Report, cluster: &Cluster) -> Outcome {
    let options = &bench.options;
    let url = cluster.create_database("product")?;
    let mut filled = Filled::create(&bench.binary, bench.folder.join("postgres"), Some(url), options.tasks)?;
    let server = filled.serve()?;
    let script = limits::trace_postgres(cluster, "product", &mut filled)?;
    server.stop()?;
    cluster.psql("product", "vacuum analyze")?;
    cluster.psql("postgres", "create database bare template product")?;
    cluster.psql("postgres", "checkpoint")?;

    let limit = limits::postgres(cluster, "bare", &script, filled.count, options.seconds, &filled.site.folder)?;
    cluster.psql("postgres", "checkpoint")?;
    let server = filled.serve()?;
    let measured = under_load(bench, &mut filled, &server, "postgres", POSTGRES_POLL)?;
    let beside = format!("the same statements by pgbench, 16 clients: {}/s", number(limit.per_second));
    report.add("PostgreSQL", "finished", measured.per_second, "/s", None, &sync(&measured));
    report.add("PostgreSQL", "of the limit", measured.per_second / limit.per_second, "", Some(Goal::AtLeast(0.8)), &beside);
    latencies(report, "PostgreSQL", &measured);
    show_statements(report, "PostgreSQL", limit.statements);
    server.stop()?;
    Ok(fs::remove_dir_all(&filled.site.folder)?)
}

pub fn growth(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let mut large = Filled::create(&bench.binary, bench.folder.join("growth-large"), None, options.growth_tasks)?;
    if options.wants(Row::Start) {
        start(report, &large)?;
    }
    if options.wants(Row::Growth) {
        let mut small = Filled::create(&bench.binary, bench.folder.join("growth-small"), None, SMALL_TASKS)?;
        let what = format!("cost at {} tasks / at {}", number(large.count as f64), number(SMALL_TASKS as f64));
        compare(bench, report, &what, &mut small, &mut large)?;
        fs::remove_dir_all(&small.site.folder)?;
    }
    Ok(fs::remove_dir_all(&large.site.folder)?)
}

pub fn history(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let mut short = Filled::create(&bench.binary, bench.folder.join("history-short"), None, options.tasks)?;
    let mut long = Filled::create(&bench.binary, bench.folder.join("history-long"), None, options.tasks)?;
    let server = long.serve()?;
    let mut load = Load::closed(options.connections);
    load.jobs_most = options.history as u64;
    let start = clock::now();
    measure::run_jobs(&mut long, &load)?;
    eprintln!("{} executions finished in {:.1} s", options.history, start.elapsed().as_secs_f64());
    server.stop()?;
    let what = format!("cost after {} finished executions / after none", number(options.history as f64));
    compare(bench, report, &what, &mut short, &mut long)?;
    fs::remove_dir_all(&short.site.folder)?;
    Ok(fs::remove_dir_all(&long.site.folder)?)
}

/// The ratio of the times that an execution takes under load, and of the processor time: the disk may change between
/// two measurements, what the processor does may not.
fn compare(bench: &Bench, report: &mut Report, what: &str, small: &mut Filled, large: &mut Filled) -> Outcome {
    let (mut time, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let mut measured = Vec::new();
        for filled in [&mut *small, &mut *large] {
            let server = filled.serve()?;
            measured.push(measure::executions(&bench.options, filled, &server, &Load::closed(bench.options.connections))?);
            server.stop()?;
        }
        time.push(measured[0].per_second / measured[1].per_second);
        processor.push(measured[1].server_micros / measured[0].server_micros);
    }
    let beside = format!("median of {TURNS} turns");
    report.add("growth", what, median(time), "", Some(Goal::AtMost(1.2)), &beside);
    report.add("growth", "processor time alone", median(processor), "", None, &beside);
    Ok(())
}

fn idle_memory(report: &mut Report, filled: &Filled) -> Outcome {
    let server = filled.serve()?;
    clock::pause(IDLE);
    let memory = server.usage()?.memory_kib as f64 / 1024.0;
    let beside = format!("{} tasks", number(filled.count as f64));
    report.add("memory", "idle", memory, "MB", Some(Goal::AtMost(30.0)), &beside);
    server.stop()
}

fn start(report: &mut Report, filled: &Filled) -> Outcome {
    let mut milliseconds = Vec::new();
    for _ in 0..STARTS {
        let (server, length) = filled.site.serve_until_ready(&[])?;
        milliseconds.push(length.as_secs_f64() * 1_000.0);
        server.stop()?;
    }
    let beside = format!("{} tasks, median of {STARTS}", number(filled.count as f64));
    report.add("start", "until ready", median(milliseconds), "ms", Some(Goal::AtMost(200.0)), &beside);
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
