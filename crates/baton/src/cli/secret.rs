//! `baton secret`

use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};

use baton_core::limits::SECRET_BYTES_MAX;

use super::{print, table};
use crate::admin::{self, Answer, NewSecret, Request};
use crate::settings::Settings;
use crate::trouble::{Trouble, note};

#[derive(clap::Subcommand)]
pub enum Secret {
    /// Set a secret; the value comes from stdin or a file, and is never shown again
    Set(Set),
    /// List the secrets by name
    List {
        /// By name or id; may be left out if there is only one
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
    /// Delete a secret; calls that name it fail from now on
    Delete {
        name: String,
        /// By name or id; may be left out if there is only one
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
}

#[derive(clap::Args)]
pub struct Set {
    /// As definitions name it, such as CRM_TOKEN
    name: String,
    /// The file with the value, instead of stdin; a line end in its last place does not count
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// By name or id; may be left out if there is only one
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
}

impl Secret {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        match admin::ask(settings, self.request()?)? {
            Answer::SecretSet { name, new } => {
                let what = if new { "is new" } else { "is changed" };
                note(&format!("{name} {what}"));
                Ok(())
            }
            Answer::Secrets(lines) => {
                let rows = lines.into_iter().map(|line| [line.name, line.created_at, line.updated_at]);
                print(&table::table(["NAME", "CREATED", "CHANGED"], rows))
            }
            Answer::SecretDeleted { name } => {
                note(&format!("deleted {name}"));
                Ok(())
            }
            _ => Err(super::unexpected()),
        }
    }

    fn request(self) -> Result<Request, Trouble> {
        Ok(match self {
            Secret::Set(Set { name, value_file, workspace }) => {
                Request::SetSecret(NewSecret { workspace, name, value: value(value_file.as_deref())? })
            }
            Secret::List { workspace } => Request::ListSecrets { workspace },
            Secret::Delete { name, workspace } => Request::DeleteSecret { workspace, name },
        })
    }
}

/// Never from an argument, which every user of the machine may see.
fn value(file: Option<&Path>) -> Result<String, Trouble> {
    let (from, bytes) = match file {
        Some(path) => (path.display().to_string(), File::open(path).and_then(read)),
        None => {
            if stdin().is_terminal() {
                note("Type the value, which is shown as you type, then Enter and Ctrl-D:");
            }
            ("stdin".to_owned(), read(stdin().lock()))
        }
    };
    let bytes = bytes.map_err(|error| Trouble::refused(format!("{from} can't be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Trouble::refused(format!("{from} is not UTF-8; a secret is text")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// Somewhat more than is allowed, so that what is too long is told as that.
fn read(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(2 * SECRET_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
