//! Speed, measured on the real server by the job that Baton is for, always beside a limit of the same machine in the
//! same run.
//!
//! - `workload`: the workflow and its tasks; `measure`: one measurement; `rows`: what is measured and what is to be reached;
//!   `calls`: the same where steps call somebody; `crowd`: the same where there is more than can be done; `bulk`: many in one request.
//! - `large`: a million tasks imported; `lists` and `streams` of them.
//! - `disk`, `limits`: what it is seen beside. `trace` and `script` make pgbench run the product's own statements.
//! - `report`: the table and the JSON.
//!
//! To add a row: a variant of [`Row`], a function beside its like, a line in [`measure_all`].

mod build;
mod bulk;
mod calls;
mod crowd;
mod disk;
mod large;
mod limits;
mod lists;
mod measure;
mod profile;
mod report;
mod rows;
mod script;
mod streams;
mod trace;
mod workload;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use report::{Report, number};
use serde_json::json;

use crate::postgres::{Cluster, Programs};
use crate::{Outcome, clock, shell};

/// Measures speed beside the limits of this machine, prints a table with what the last run measured, and writes
/// target/bench/results.json.
#[derive(Clone, clap::Args)]
pub struct Options {
    /// Tasks in the workflow.
    #[arg(long, default_value_t = 100_000)]
    tasks: usize,
    /// Tasks of the large workflows that growth, start, import, lists and streams are measured on.
    #[arg(long, default_value_t = 1_000_000)]
    growth_tasks: usize,
    /// Finished executions of the long history that growth is measured on.
    #[arg(long, default_value_t = 1_000_000)]
    history: usize,
    /// Executions that one workspace queues, of which another is to notice nothing.
    #[arg(long, default_value_t = 100_000)]
    flood: usize,
    /// Callers at the same time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Length of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Small sizes and short times, to see that everything runs; the numbers mean little.
    #[arg(long)]
    quick: bool,
    /// Only these rows.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Row>,
    /// Also writes where the server's time goes to target/bench/profile-ROW.txt (needs perf).
    #[arg(long)]
    profile: bool,
    /// Measure this program instead of building one.
    #[arg(long, value_name = "PROGRAM")]
    baton: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Row {
    Embedded,
    OneCaller,
    OpenLoop,
    Reads,
    Postgres,
    Growth,
    History,
    Memory,
    Start,
    Calls,
    HangingCalls,
    Overload,
    Fairness,
    Bulk,
    Import,
    Lists,
    Stream,
    Build,
}

impl Options {
    fn wants(&self, row: Row) -> bool {
        self.only.is_empty() || self.only.contains(&row)
    }

    fn wants_any(&self, rows: &[Row]) -> bool {
        rows.iter().any(|row| self.wants(*row))
    }

    fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Long enough for caches, connections and the write-ahead log to take their usual size.
    fn warm_up(&self) -> Duration {
        Duration::from_secs((self.seconds / 3).clamp(1, 5))
    }

    fn sized(&self) -> Options {
        match self.quick {
            true => Options { tasks: 2_000, growth_tasks: 20_000, history: 20_000, flood: 2_000, seconds: 2, ..self.clone() },
            false => self.clone(),
        }
    }
}

pub fn run(options: &Options) -> Outcome {
    let options = options.sized();
    if options.tasks < 2 * options.connections {
        return Err(format!("--tasks {} is too few for --connections {}: at least two for each", options.tasks, options.connections).into());
    }
    let start = clock::now();
    let folder = shell::workspace().join("target/bench");
    fs::create_dir_all(&folder)?;
    let binary = options.baton.clone().map_or_else(|| shell::build_baton(true), Ok)?;
    let Options { tasks, growth_tasks, history, flood, connections, seconds, .. } = &options;
    let settings = json!({
        "tasks": tasks, "growth_tasks": growth_tasks, "history": history, "flood": flood, "connections": connections,
        "seconds": seconds,
    });
    let results = folder.join("results.json");
    let last = fs::read(&results).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut report = Report::new(settings, last.as_ref());
    let bench = Bench { binary, folder, options };
    let outcome = measure_all(&bench, &mut report);

    println!("\n{}", report.table());
    fs::write(&results, serde_json::to_string_pretty(&report.json(clock::unix_seconds()))?)?;
    println!("{} not reached; {:.0} s; written to {}", report.missed(), start.elapsed().as_secs_f64(), results.display());
    outcome
}

/// What every row needs.
struct Bench {
    binary: PathBuf,
    folder: PathBuf,
    options: Options,
}

type Measure = fn(&Bench, &mut Report) -> Outcome;

fn measure_all(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let sync_p50 = disk::sync_p50(&bench.folder)?;
    report.syncs_per_second = 1_000.0 / sync_p50;
    report.add("disk", "sync p50", sync_p50, "ms", None, "");
    let bytes = fs::metadata(&bench.binary)?.len() as f64;
    report.add("binary", "size", bytes / 1e6, "MB", Some(report::Goal::AtMost(40.0)), "");
    let groups: [(&[Row], Measure); 11] = [
        (&[Row::Embedded, Row::OneCaller, Row::OpenLoop, Row::Reads, Row::Memory], rows::embedded),
        (&[Row::Postgres], postgres),
        (&[Row::Growth, Row::Start], rows::growth),
        (&[Row::History], rows::history),
        (&[Row::Calls], calls::calls),
        (&[Row::HangingCalls], calls::hanging),
        (&[Row::Overload], crowd::overload),
        (&[Row::Fairness], crowd::fairness),
        (&[Row::Bulk], bulk::bulk),
        (&[Row::Build], build::build),
        (&[Row::Import, Row::Lists, Row::Stream], large::large),
    ];
    let mut failed = Vec::new();
    for (_, measure) in groups.iter().filter(|(rows, _)| options.wants_any(rows)) {
        report.syncs_per_second = 1_000.0 / disk::sync_p50(&bench.folder)?;
        // What could not be measured does not keep the rest from it.
        if let Err(error) = measure(bench, report) {
            eprintln!("error: {error}");
            failed.push(error.to_string());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

fn postgres(bench: &Bench, report: &mut Report) -> Outcome {
    match Programs::find_or_install() {
        Ok(_) => rows::postgres(bench, report, &Cluster::start(&rows::POSTGRES_SETTINGS)?),
        Err(reason) => {
            eprintln!("skipped: PostgreSQL: {reason}");
            Ok(())
        }
    }
}

/// The texts that a limit was measured with are part of what was measured.
fn show_statements(report: &mut Report, limit: &'static str, statements: Vec<String>) {
    println!("the statements of {limit}, {} lines:", number(statements.len() as f64));
    for statement in &statements {
        println!("    {statement}");
    }
    report.statements.push((limit, statements));
}
