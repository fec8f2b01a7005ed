//! The command line: one file for each command.

mod act;
mod actions;
mod api_key;
mod apply;
mod audit;
mod backup;
mod config;
mod demo;
mod explained;
mod export;
mod fields;
mod import;
mod init;
pub(crate) mod lint;
mod openapi;
mod partial;
mod progress;
mod ready;
mod restore;
mod schema;
mod secret;
mod serve;
mod table;
mod tasks;
mod user;

use std::io::Write;

pub use serve::{Signals, stop, until_stopped};

use clap::{Parser, Subcommand};
use serde_json::Value as Json;

use crate::remote::Answer;
use crate::settings::{Environment, Flags, Settings};
use crate::trouble::{Trouble, note};

/// Work that people, programs and agents do together, one record at a time.
#[derive(Parser)]
#[command(name = "baton", version, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and run executions
    Serve(serve::Serve),
    /// Make a workspace, its admin and a first API key
    Init(init::Init),
    /// Serve two sample workflows with people, tasks and history, and show the API at work
    Demo(demo::Demo),
    /// Create or change workflows from definitions, and print their ids
    Apply(apply::Apply),
    /// Check definitions without a server: their problems, and what will not do what it looks like
    Lint(lint::Lint),
    /// Print the JSON Schema of definitions
    Schema,
    /// Print the API as one document, OpenAPI 3.1
    Openapi,
    /// Show what can be done with a task, what can't, why, and how it could
    Actions(actions::Actions),
    /// Take an action on a task, or show first what it would do
    Act(act::Act),
    /// List, show, create, change and delete tasks
    #[command(subcommand)]
    Tasks(tasks::Tasks),
    /// Import a CSV of tasks, and wait until it is done
    Import(import::Import),
    /// Write the tasks of a workflow as a CSV
    Export(export::Export),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    /// Add, list, deactivate and activate users
    #[command(subcommand)]
    User(user::User),
    /// Set, list and delete the secrets that calls are made with
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Ask a server whether it is ready, as a container's health check does
    Ready,
    /// Print the settings in force and where each came from
    Config,
    /// Look after the history
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Copy all that the store holds into a file, while the server runs or not
    Backup(backup::Backup),
    /// Make a store of a backup, in a data folder or in PostgreSQL, whichever it came from
    Restore(restore::Restore),
}

pub fn run() -> Result<(), Trouble> {
    let CommandLine { command, mut flags } = CommandLine::parse();
    // Those that need neither a server nor its settings.
    let command = match command {
        Command::Schema => return schema::run(),
        Command::Openapi => return openapi::run(),
        Command::Lint(command) => return command.run(),
        command => command,
    };
    if let Command::Serve(command) = &command {
        command.add_to(&mut flags);
    }
    let environment = Environment::of_process();
    for warning in environment.warnings() {
        note(&format!("warning: {warning}"));
    }
    let settings = Settings::read(&flags, &environment)?;
    match command {
        Command::Serve(_) => serve::run(&settings),
        Command::Init(command) => command.run(&settings),
        Command::Demo(command) => command.run(&settings),
        Command::Apply(command) => command.run(&settings),
        Command::Lint(command) => command.run(),
        Command::Schema => schema::run(),
        Command::Openapi => openapi::run(),
        Command::Actions(command) => command.run(&settings),
        Command::Act(command) => command.run(&settings),
        Command::Tasks(command) => command.run(&settings),
        Command::Import(command) => command.run(&settings),
        Command::Export(command) => command.run(&settings),
        Command::ApiKey(command) => command.run(&settings),
        Command::User(command) => command.run(&settings),
        Command::Secret(command) => command.run(&settings),
        Command::Ready => ready::run(&settings),
        Command::Config => config::run(&settings),
        Command::Audit(command) => command.run(&settings),
        Command::Backup(command) => command.run(&settings),
        Command::Restore(command) => command.run(&settings),
    }
}

/// A line, or several, on stdout. Who reads it may have seen enough.
fn print(text: &str) -> Result<(), Trouble> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Trouble::refused(format!("stdout can't be written: {error}"))),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An answer of the API: as it came for programs, a refusal too; else as people read it.
fn tell(answer: &Answer, json: bool, shown: impl FnOnce(&Json) -> Result<String, Trouble>) -> Result<(), Trouble> {
    if json {
        print(&answer.text())?;
    }
    match answer.is_yes() {
        false => Err(answer.refusal()),
        true if json => Ok(()),
        true => print(&shown(&answer.json)?),
    }
}

/// Only a server of another version answers something else than was asked.
fn unexpected() -> Trouble {
    Trouble::refused("the running server gave another answer than was asked for: use the `baton` of its version")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }
}
