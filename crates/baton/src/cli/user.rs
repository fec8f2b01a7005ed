//! `baton user`

use super::{print, table};
use crate::admin::{self, Answer, NewUser, Request, UserLine};
use crate::settings::Settings;
use crate::trouble::{Trouble, note};

#[derive(clap::Subcommand)]
pub enum User {
    /// Add a user to the workspace, or with --workflow to a workflow; prints the id
    Add(Add),
    /// List the workspace's users
    List {
        /// By name or id; may be left out if there is only one
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
    /// Turn a user off; what they did and hold stays shown
    Deactivate(Which),
    /// Turn a user on again
    Activate(Which),
}

#[derive(clap::Args)]
pub struct Add {
    email: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    first_name: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    last_name: String,
    /// May administer the workspace
    #[arg(long)]
    admin: bool,
    /// Make the user a collaborator of this workflow, by name or id
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// The collaborator's role [default: Collaborator]
    #[arg(long, value_name = "ROLE", requires = "workflow")]
    role: Option<String>,
    /// By name or id; may be left out if there is only one
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
}

#[derive(clap::Args)]
pub struct Which {
    email: String,
    /// By name or id; may be left out if there is only one
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
}

impl User {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        match admin::ask(settings, self.request())? {
            Answer::User(UserLine { id, email, state, .. }) => {
                note(&format!("{email} is {state}"));
                print(&id)
            }
            Answer::Users(lines) => {
                let rows = lines.into_iter().map(|line| [line.id, line.state, line.role, line.email, line.name]);
                print(&table::table(["ID", "STATE", "ROLE", "E-MAIL", "NAME"], rows))
            }
            _ => Err(super::unexpected()),
        }
    }

    fn request(self) -> Request {
        match self {
            User::Add(Add { email, first_name, last_name, admin, workflow, role, workspace }) => {
                Request::AddUser(NewUser { workspace, email, first_name, last_name, admin, workflow, role })
            }
            User::List { workspace } => Request::ListUsers { workspace },
            User::Deactivate(Which { email, workspace }) => Request::SetUserActive { workspace, email, active: false },
            User::Activate(Which { email, workspace }) => Request::SetUserActive { workspace, email, active: true },
        }
    }
}
