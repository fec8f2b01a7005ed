//! Shows Baton at work.

use std::process::Command;

use crate::{Outcome, shell};

/// Builds `baton` for release and runs `baton demo`: two sample workflows with people, tasks and history, served until stopped.
#[derive(clap::Args)]
pub struct Options {
    /// Build faster and run slower.
    #[arg(long)]
    dev: bool,
    /// Handed to `baton demo`, for example `--once`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Outcome {
    let baton = shell::build_baton(!options.dev)?;
    shell::run(Command::new(baton).arg("demo").args(&options.arguments))
}
