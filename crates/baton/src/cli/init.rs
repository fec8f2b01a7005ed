//! `baton init`

use std::path::PathBuf;

use super::print;
use crate::admin::{self, Answer, NewWorkspace, Request};
use crate::settings::Settings;
use crate::trouble::Trouble;

#[derive(clap::Args)]
pub struct Init {
    /// The workspace's name
    #[arg(long, value_name = "NAME")]
    workspace: String,
    /// Who administers it
    #[arg(long, value_name = "E-MAIL")]
    admin_email: String,
    /// At least 8 characters; better given by a file, since others may see a process's arguments
    #[arg(long, value_name = "PASSWORD", conflicts_with = "admin_password_file")]
    admin_password: Option<String>,
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// An IANA time zone, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
}

impl Init {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        let admin_password = match &self.admin_password_file {
            Some(path) => Some(first_line(path)?),
            None => self.admin_password,
        };
        let new = NewWorkspace { name: self.workspace, admin_email: self.admin_email, admin_password, time_zone: self.time_zone };
        match admin::ask(settings, Request::Init(new))? {
            Answer::Initialised { workspace, user, api_key } => {
                print(&serde_json::json!({ "workspace_id": workspace, "user_id": user, "api_key": api_key }).to_string())
            }
            _ => Err(super::unexpected()),
        }
    }
}

fn first_line(path: &PathBuf) -> Result<String, Trouble> {
    let text = std::fs::read_to_string(path).map_err(|error| Trouble::refused(format!("{} can't be read: {error}", path.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
