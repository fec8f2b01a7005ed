//! `baton api-key`

use baton_core::time::parse_duration;

use super::{print, table};
use crate::admin::{self, Answer, NewKey, Request};
use crate::settings::Settings;
use crate::trouble::{Trouble, note};

#[derive(clap::Subcommand)]
pub enum ApiKey {
    /// Make a key; it is printed alone on stdout, and never shown again
    Create(Create),
    /// List the keys
    List {
        /// By name or id; may be left out if there is only one
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
    /// Revoke a key at once and for ever
    Revoke {
        /// The key's id, as the list shows it
        key: String,
        /// By name or id; may be left out if there is only one
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
}

#[derive(clap::Args)]
pub struct Create {
    /// By name or id; may be left out if there is only one
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// What the history calls it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The key may change nothing
    #[arg(long)]
    read_only: bool,
    /// Only this workflow, by name or id; may be said several times
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Vec<String>,
    /// Only what this role may do
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// When it ends, such as 90d or 12h
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    expires_in: Option<u64>,
}

fn seconds(text: &str) -> Result<u64, String> {
    let duration = parse_duration(text).filter(|duration| duration.as_secs() > 0);
    duration.map(|duration| duration.as_secs()).ok_or_else(|| "allowed is a whole number with s, m, h or d, such as 90d".to_owned())
}

impl ApiKey {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        match admin::ask(settings, self.request())? {
            Answer::KeyCreated { id, secret } => {
                note(&format!("made key {id}; it is not shown again"));
                print(&secret)
            }
            Answer::Keys(lines) => {
                let rows = lines.into_iter().map(|line| [line.id, line.state, line.scope, line.name]);
                print(&table::table(["ID", "STATE", "SCOPE", "NAME"], rows))
            }
            Answer::KeyRevoked { id, name } => {
                note(&format!("revoked key {id} ({name})"));
                Ok(())
            }
            _ => Err(super::unexpected()),
        }
    }

    fn request(self) -> Request {
        match self {
            ApiKey::Create(Create { workspace, name, read_only, workflow, role, expires_in }) => {
                Request::CreateKey(NewKey { workspace, name, read_only, workflows: workflow, role, expires_in_seconds: expires_in })
            }
            ApiKey::List { workspace } => Request::ListKeys { workspace },
            ApiKey::Revoke { key, workspace } => Request::RevokeKey { workspace, key },
        }
    }
}
