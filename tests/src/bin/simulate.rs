//! Runs many seeds of the simulation on all cores. `cargo xtask simulate` builds and starts this.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use baton_tests::simulation::{Seeds, simulate};
use clap::Parser;

fn main() -> ExitCode {
    if simulate(&Seeds::parse()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
