//! `baton audit`

use super::print;
use crate::admin::{self, Answer, Request, VerifiedLine};
use crate::settings::Settings;
use crate::trouble::Trouble;

#[derive(clap::Subcommand)]
pub enum Audit {
    /// Check that no row of the history was changed, removed, put in or reordered
    Verify {
        /// By name or id; left out, every workspace
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
}

impl Audit {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        let Audit::Verify { workspace } = self;
        match admin::ask(settings, Request::VerifyHistory { workspace })? {
            Answer::Verified(lines) => told(&lines),
            _ => Err(super::unexpected()),
        }
    }
}

fn told(lines: &[VerifiedLine]) -> Result<(), Trouble> {
    for VerifiedLine { workspace, sealed, erased, unsealed, faults } in lines {
        let verdict = if faults.is_empty() { "whole" } else { "NOT whole" };
        print(&format!("{workspace}: {sealed} rows sealed, {erased} of them erased, {unsealed} not sealed yet: {verdict}"))?;
    }
    let faults = lines.iter().flat_map(|line| line.faults.iter().map(move |fault| format!("{}: {fault}", line.workspace)));
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Trouble::Refused(faults)) }
}
