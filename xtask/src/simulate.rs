//! The simulation, built for speed and started. What it does is in `tests/src/simulation`.

use crate::{Outcome, shell};

/// Simulates several nodes on one store under seeds: crashes, pauses, skewed clocks, broken connections. `-- --help` tells more.
#[derive(clap::Args)]
pub struct Options {
    /// Handed to the simulation: `--seeds N`, `--from SEED`, `--broken MISTAKE`, `--trace`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Outcome {
    let mut command = shell::cargo(["run", "--release", "--package", "baton-tests", "--bin", "simulate", "--"]);
    shell::run(command.args(&options.arguments))
}
