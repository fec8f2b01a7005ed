//! `baton actions`

use serde_json::Value as Json;

use super::{explained, tell};
use crate::remote::{Call, Remote};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

#[derive(clap::Args)]
pub struct Actions {
    /// By name or id
    workflow: String,
    /// By Unique ID or id
    task: String,
    /// The user who would take them, instead of the key itself
    #[arg(long = "as", value_name = "E-MAIL")]
    performer: Option<String>,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

impl Actions {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            let workflow = remote.workflow(&self.workflow).await?;
            let call = Call::get(&["workflows", &workflow.id, "tasks", &self.task, "actions"]).query("_explain", "true");
            let call = match &self.performer {
                Some(email) => call.query("performed_by", email),
                None => call,
            };
            let shown = |json: &Json| json.as_array().map(|actions| explained::shown(actions)).ok_or_else(|| remote.unexpected());
            tell(&remote.ask(&call).await?, self.json, shown)
        })
    }
}
