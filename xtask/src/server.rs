//! The real program, started as a user would start it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::http::Client;
use crate::{Outcome, clock, postgres, shell};

const READY_LONGEST: Duration = Duration::from_secs(60);
/// `baton serve` drains for 25 s at most.
const STOP_LONGEST: Duration = Duration::from_secs(30);
pub const ADMIN: &str = "admin@example.com";

/// A data folder, what serves it, and the key to it.
#[derive(Clone)]
pub struct Site {
    binary: PathBuf,
    pub folder: PathBuf,
    database_url: Option<String>,
    /// Environment variables, for each of its commands.
    settings: Vec<(String, String)>,
    port: u16,
    pub api_key: String,
}

impl Site {
    /// A new store with one workspace in it; `folder` must not exist yet.
    pub fn create(binary: &Path, folder: &Path, database_url: Option<String>, settings: Vec<(String, String)>) -> Outcome<Site> {
        fs::create_dir_all(folder)?;
        let port = postgres::free_port()?;
        let binary = binary.canonicalize().map_err(|error| format!("{}: {error}", binary.display()))?;
        Site { binary, folder: folder.to_owned(), database_url, settings, port, api_key: String::new() }.beside("Measured")
    }

    /// The same with one more workspace, and the key to that.
    pub fn beside(&self, workspace: &str) -> Outcome<Site> {
        let printed = shell::read(self.baton("init").args(["--workspace", workspace, "--admin-email", ADMIN]))?;
        let printed: Value = serde_json::from_str(&printed).map_err(|error| format!("baton init printed {printed:?}: {error}"))?;
        let api_key = printed["api_key"].as_str().ok_or("baton init printed no api_key")?.to_owned();
        Ok(Site { api_key, ..self.clone() })
    }

    /// Another node on the same store. This one has been served once, so that the master key is there.
    pub fn another(&self, folder: &Path) -> Outcome<Site> {
        fs::create_dir_all(folder)?;
        let master_key = self.folder.join("master.key").display().to_string();
        let settings = [self.settings.clone(), vec![("BATON_MASTER_KEY_FILE".to_owned(), master_key)]].concat();
        Ok(Site {
            binary: self.binary.clone(),
            folder: folder.to_owned(),
            database_url: self.database_url.clone(),
            settings,
            port: postgres::free_port()?,
            api_key: self.api_key.clone(),
        })
    }

    /// Where a backup of this one is to be restored, with its master key.
    pub fn elsewhere(&self, folder: &Path, database_url: Option<String>) -> Outcome<Site> {
        Ok(Site { database_url, ..self.another(folder)? })
    }

    /// What the command says.
    pub fn restore(&self, backup: &Path) -> Outcome<String> {
        shell::read(self.baton("restore").arg(backup))
    }

    /// The same, but killed; what it says where it had ended before.
    pub fn restore_killed(&self, backup: &Path, after: Duration) -> Outcome<Option<String>> {
        let mut command = self.baton("restore");
        let mut child = command.arg(backup).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        clock::pause(after);
        child.kill()?;
        let ended = child.wait_with_output()?;
        Ok(if ended.status.success() { Some(String::from_utf8(ended.stdout)?) } else { None })
    }

    pub fn back_up(&self, file: &Path) -> Outcome {
        shell::read(self.baton("backup").arg(file)).map(drop)
    }

    pub fn serve(&self, environment: &[(&str, &str)]) -> Outcome<Server> {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("server.log"))?;
        let mut command = self.baton("serve");
        command.args(["--listen", &self.address()]).envs(environment.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Server { child })
    }

    /// Serves, and gives how long it took until it was ready.
    pub fn serve_until_ready(&self, environment: &[(&str, &str)]) -> Outcome<(Server, Duration)> {
        let start = clock::now();
        let mut server = self.serve(environment)?;
        self.wait_until_ready(&mut server)?;
        Ok((server, start.elapsed()))
    }

    pub fn wait_until_ready(&self, server: &mut Server) -> Outcome {
        let mut client = self.client();
        clock::wait_for("a ready server", READY_LONGEST, || {
            if let Some(status) = server.ended()? {
                return Err(format!("the server ended with {status} before it was ready; its log ends: {}", self.log_end()).into());
            }
            Ok(client.get("/readyz").ok().filter(|answer| answer.status == 200).map(drop))
        })
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address(), &self.api_key)
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn log_end(&self) -> String {
        let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// The log of thousands of restarts is of no use to anybody.
    pub fn forget_log(&self) -> Outcome {
        File::create(self.folder.join("server.log"))?;
        Ok(())
    }

    /// Checks the history's chain, offline.
    pub fn audit_verify(&self) -> Command {
        let mut command = self.baton("audit");
        command.arg("verify");
        command
    }

    /// Run in the data folder, so that no settings file of the caller's folder has a say.
    fn baton(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.folder).arg(subcommand).arg("--data").arg(&self.folder);
        // Its load comes from one key.
        command.env("BATON_LIMITS_RATE_PER_MINUTE", "0");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if let Some(url) = &self.database_url {
            command.args(["--database-url", url]);
        }
        command
    }
}

/// Dropped, it is killed: nothing that we start outlives us.
pub struct Server {
    child: Child,
}

impl Server {
    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, as a service manager would.
    pub fn stop(mut self) -> Outcome {
        self.signal("-TERM")?;
        let status = clock::wait_for("the end of the server", STOP_LONGEST, || self.ended())?;
        if status.success() { Ok(()) } else { Err(format!("asked to stop, the server ended with {status}").into()) }
    }

    /// SIGSTOP: it stands still, and its connections stay open.
    pub fn freeze(&self) -> Outcome {
        self.signal("-STOP")
    }

    pub fn thaw(&self) -> Outcome {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Outcome {
        shell::read(Command::new("kill").args([signal, &self.id().to_string()])).map(drop)
    }

    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn usage(&self) -> Outcome<Usage> {
        Usage::of(self.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// What a process has used so far, as Linux tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub memory_kib: u64,
    pub memory_peak_kib: u64,
    pub processor_seconds: f64,
}

/// The unit of `/proc/<id>/stat` on every Linux that we know.
const TICKS_PER_SECOND: f64 = 100.0;

impl Usage {
    pub fn of(id: u32) -> Outcome<Usage> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{id}/{name}")).map_err(|error| format!("/proc/{id}/{name}: {error}"));
        Usage::parse(&read("status")?, &read("stat")?).ok_or_else(|| format!("/proc/{id} has another shape than expected").into())
    }

    fn parse(status: &str, stat: &str) -> Option<Usage> {
        let kib = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        // The program's name, in parentheses, may hold anything: count from its end.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        Some(Usage { memory_kib: kib("VmRSS:")?, memory_peak_kib: kib("VmHWM:")?, processor_seconds: ticks / TICKS_PER_SECOND })
    }
}

/// What an answer says under a key.
pub fn text_of(value: &Value, key: &str) -> Outcome<String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("{value} has no text {key}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_past_a_name_with_spaces_and_parentheses() {
        let stat = "77 (my (odd) name) S 1 77 77 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100 1000 10";
        let usage = Usage::parse("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t    1024 kB\n", stat).expect("it is well-formed");
        assert_eq!((usage.memory_kib, usage.memory_peak_kib), (1024, 2048));
        assert_eq!(usage.processor_seconds, 2.0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_usage_is_something() {
        let usage = Usage::of(std::process::id()).expect("we are running");
        assert!(usage.memory_kib > 0 && usage.memory_peak_kib >= usage.memory_kib);
    }
}
