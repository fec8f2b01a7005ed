//! The developer's commands: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod backup;
mod bench;
mod ci;
mod crash;
mod demo;
mod generate;
mod nodes;
mod postgres;
mod random;
mod schemathesis;
mod server;
mod shell;
mod simulate;
mod sink;
mod tally;
mod test;

use std::process::ExitCode;

use baton_bench::{Outcome, clock, http, load, receiver, sheet};
use clap::Parser;

/// What developers of Baton do with it. On Debian, as root, a command installs what it needs; elsewhere it says what is missing.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Demo(demo::Options),
    Test(test::Options),
    Bench(bench::Options),
    Crash(crash::Options),
    Backup(backup::Options),
    Nodes(nodes::Options),
    Simulate(simulate::Options),
    Schemathesis(schemathesis::Options),
    Generate(generate::Options),
    Ci(ci::Options),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Crash(options) => crash::run(&options),
        Command::Backup(options) => backup::run(&options),
        Command::Nodes(options) => nodes::run(&options),
        Command::Simulate(options) => simulate::run(&options),
        Command::Schemathesis(options) => schemathesis::run(&options),
        Command::Generate(options) => generate::run(&options),
        Command::Ci(options) => ci::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }
}
