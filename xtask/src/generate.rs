//! Files that are made from the code and committed, so that they can be read and used without building.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, shell};

/// Writes the generated files: the JSON Schema of definitions, and the API as OpenAPI.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when a file is not what it would be.
    #[arg(long)]
    check: bool,
}

struct Generated {
    path: &'static str,
    /// What `baton` prints it.
    subcommand: &'static str,
}

const FILES: &[Generated] = &[
    Generated { path: "docs/definition.schema.json", subcommand: "schema" },
    Generated { path: "docs/openapi.json", subcommand: "openapi" },
];

pub fn run(options: &Options) -> Outcome {
    check_or_write(options.check)
}

pub fn check_or_write(check: bool) -> Outcome {
    let baton = shell::build_baton(false)?;
    let mut stale = Vec::new();
    for file in FILES {
        let text = shell::read(Command::new(&baton).arg(file.subcommand))?;
        let path = shell::workspace().join(file.path);
        match (is(&path, &text), check) {
            (true, _) => println!("{} is up to date", file.path),
            (false, true) => stale.push(file.path),
            (false, false) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&path, text)?;
                println!("{} is written", file.path);
            }
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("not up to date: {}; run `cargo xtask generate`", stale.join(", ")).into()) }
}

fn is(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found == text)
}
