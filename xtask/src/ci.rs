//! Everything that a change must pass.

use crate::{Outcome, clock, generate, shell, test};

/// Checks format, lints, documentation, generated files and dependencies, and runs all tests.
#[derive(clap::Args)]
pub struct Options {
    /// Rounds of the crash test, over both stores together.
    #[arg(long, default_value_t = test::CRASH_ROUNDS)]
    crash_rounds: u32,
}

/// One version for all, so that a run today and tomorrow say the same.
const DENY_VERSION: &str = "0.20.2";

type Check = (&'static str, fn() -> Outcome);

pub fn run(options: &Options) -> Outcome {
    let start = clock::now();
    let checks: [Check; 5] = [
        ("format", || shell::run(&mut shell::cargo(["fmt", "--all", "--check"]))),
        ("lints", || shell::run(&mut shell::cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))),
        ("documentation", documentation),
        ("generated files", || generate::check_or_write(true)),
        ("dependencies", dependencies),
    ];
    let mut outcomes = Vec::new();
    for (name, check) in checks {
        let begun = clock::now();
        let outcome = check();
        outcomes.push((format!("{name} ({:.0} s)", begun.elapsed().as_secs_f64()), outcome));
    }
    // Last, because the last line printed is to be the tests' result.
    let mut report = test::all(options.crash_rounds, None, &[]);
    for (name, outcome) in outcomes {
        report.add(&name, outcome);
    }
    report.print(start.elapsed());
    report.outcome()
}

fn documentation() -> Outcome {
    let mut command = shell::cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    shell::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Licences, bans and sources; advisories need a database that only the network has.
fn dependencies() -> Outcome {
    let root = shell::workspace().join("target/tools");
    let program = root.join("bin/cargo-deny");
    let installed = shell::read(std::process::Command::new(&program).arg("--version")).unwrap_or_default();
    if installed.split_whitespace().nth(1) != Some(DENY_VERSION) {
        // Unoptimised it builds in a minute instead of many, and still checks in seconds.
        let mut install = shell::cargo(["install", "cargo-deny", "--locked", "--debug", "--force", "--version", DENY_VERSION]);
        install.arg("--root").arg(&root).arg("--target-dir").arg(root.join("build"));
        shell::run(install.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    }
    let mut check = std::process::Command::new(&program);
    check.current_dir(shell::workspace()).args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    shell::run(&mut check)
}
