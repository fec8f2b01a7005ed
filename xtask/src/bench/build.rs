//! How long a fresh machine takes to build the program.

use std::fs;

use super::Bench;
use super::report::{Goal, Report, number};
use crate::{Outcome, clock, shell};

pub fn build(bench: &Bench, report: &mut Report) -> Outcome {
    let target = bench.folder.join("clean-build");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let mut command = shell::cargo(["build", "--release", "--package", "baton"]);
    let start = clock::now();
    shell::run(command.arg("--target-dir").arg(&target))?;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    report.add("build", "clean, release", minutes, "min", Some(Goal::AtMost(8.0)), &format!("{} cores", number(cores as f64)));
    Ok(fs::remove_dir_all(&target)?)
}
