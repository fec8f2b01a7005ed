//! Where the server's time goes: perf's samples while a load is on.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::server::Server;
use crate::{Outcome, shell};

const SAMPLES_PER_SECOND: u32 = 499;

pub struct Profile {
    perf: Child,
    data: std::path::PathBuf,
    text: std::path::PathBuf,
}

impl Profile {
    pub fn start(server: &Server, folder: &Path, row: &str) -> Outcome<Profile> {
        if !shell::in_path("perf") {
            return Err("perf is not in PATH (Debian: apt-get install linux-perf)".into());
        }
        let (data, text) = (folder.join("perf.data"), folder.join(format!("profile-{row}.txt")));
        let mut command = Command::new("perf");
        command.args(["record", "--quiet", "--call-graph=fp", &format!("--freq={SAMPLES_PER_SECOND}")]);
        command.args(["--pid", &server.id().to_string(), "--output"]).arg(&data);
        let perf = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        Ok(Profile { perf, data, text })
    }

    /// Writes the functions by the time spent in themselves, with the thread that they ran on.
    pub fn finish(mut self) -> Outcome {
        shell::read(Command::new("kill").args(["-INT", &self.perf.id().to_string()]))?;
        self.perf.wait()?;
        let mut command = Command::new("perf");
        command.args(["report", "--stdio", "--no-children", "--call-graph=none", "--sort=comm,symbol", "--percent-limit=0.3", "--input"]);
        fs::write(&self.text, shell::read(command.arg(&self.data))?)?;
        fs::remove_file(&self.data)?;
        println!("profile: {}", self.text.display());
        Ok(())
    }
}
