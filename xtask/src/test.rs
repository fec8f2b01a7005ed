//! All tests, on both stores.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::crash::{self, Store};
use crate::postgres::Programs;
use crate::tally::Tally;
use crate::{Outcome, backup, clock, nodes, schemathesis, shell};

/// Runs all tests, PostgreSQL included, a short crash test of the real server and of two nodes, a few backups under load, and asks the server
/// what its document allows and forbids.
#[derive(clap::Args)]
pub struct Options {
    /// Rounds of the crash test, over both stores together.
    #[arg(long, default_value_t = CRASH_ROUNDS)]
    crash_rounds: u32,
    /// Cases of each law that is tested over random workflows, and of every other property that names no number itself.
    #[arg(long)]
    cases: Option<u32>,
    /// Handed to `cargo test`, for example the name of a test; then there is nothing else.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub const CRASH_ROUNDS: u32 = 100;

pub fn run(options: &Options) -> Outcome {
    let start = clock::now();
    let crash_rounds = if options.arguments.is_empty() { options.crash_rounds } else { 0 };
    let report = all(crash_rounds, options.cases, &options.arguments);
    report.print(start.elapsed());
    report.outcome()
}

#[derive(Default)]
pub struct Report {
    tally: Tally,
    lines: Vec<String>,
}

/// Runs everything even when something fails, so that one run tells all.
pub fn all(crash_rounds: u32, cases: Option<u32>, arguments: &[String]) -> Report {
    let mut report = Report::default();
    let missing = Programs::find_or_install().err().map(|error| error.to_string());

    match cargo_test(cases, arguments, &mut report.tally) {
        Ok(()) => report.lines.push("ran: cargo test --workspace".into()),
        Err(error) => {
            // Code that does not compile fails without a single failed test.
            report.tally.failed = report.tally.failed.max(1);
            report.lines.push(format!("FAILED: {error}"));
        }
    }
    if let Some(reason) = &missing {
        report.skip("the tests on PostgreSQL", reason);
    }
    // Two nodes mostly wait for a lease to end: beside the others it costs little time.
    let two_nodes =
        if arguments.is_empty() && missing.is_none() { Some(thread::spawn(|| nodes::run(&nodes::Options::short()))) } else { None };
    for (store, rounds) in [(Store::Sqlite, crash_rounds.div_ceil(2)), (Store::Postgres, crash_rounds / 2)] {
        match &missing {
            _ if rounds == 0 => {}
            Some(reason) if store == Store::Postgres => report.skip("the crash test on PostgreSQL", reason),
            _ => report.add(&format!("crash test, {rounds} rounds on {store:?}"), crash::run(&crash::Options::short(store, rounds))),
        }
    }
    match &missing {
        _ if crash_rounds == 0 => {}
        Some(reason) => report.skip("backups under load", reason),
        None => report.add("backups under load, restored every way", backup::run(&backup::Options::short())),
    }
    match (two_nodes, &missing) {
        (Some(running), _) => {
            let outcome = running.join().unwrap_or_else(|_| Err("it panicked".into()));
            report.add("two nodes, a kill and a pause", outcome);
        }
        (None, Some(reason)) if arguments.is_empty() => report.skip("two nodes", reason),
        (None, _) => {}
    }
    if arguments.is_empty() {
        match schemathesis::Program::find_or_install() {
            Ok(_) => report.add("schemathesis, the short form", schemathesis::run(&schemathesis::Options::short())),
            Err(error) => report.skip("schemathesis", &error.to_string()),
        }
    }
    report
}

impl Report {
    pub fn add(&mut self, what: &str, outcome: Outcome) {
        self.tally.count(outcome.is_ok());
        self.lines.push(match outcome {
            Ok(()) => format!("ran: {what}"),
            Err(error) => format!("FAILED: {what}: {error}"),
        });
    }

    fn skip(&mut self, what: &str, reason: &str) {
        if shell::in_ci() {
            self.add(what, Err(format!("nothing may be skipped with CI=true: {reason}").into()));
        } else {
            self.tally.ignored += 1;
            self.lines.push(format!("skipped: {what}: {reason}"));
        }
    }

    /// What ran and what not; the last line is that of `cargo test`.
    pub fn print(&self, length: Duration) {
        println!("\n{}\n", self.lines.join("\n"));
        println!("{}", self.tally.result_line(length));
    }

    pub fn outcome(&self) -> Outcome {
        if self.tally.failed == 0 { Ok(()) } else { Err(format!("{} failed", self.tally.failed).into()) }
    }
}

/// `cargo test`, shown as it comes and counted.
fn cargo_test(cases: Option<u32>, arguments: &[String], tally: &mut Tally) -> Outcome {
    let mut command = shell::cargo(["test", "--workspace", "--no-fail-fast"]);
    command.envs(cases.map(|cases| ("PROPTEST_CASES", cases.to_string())));
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn()?;
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line?;
        println!("{line}");
        tally.read_line(&line);
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("cargo test ended with {status}").into()) }
}
