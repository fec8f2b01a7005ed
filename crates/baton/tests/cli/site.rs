//! A folder to run `baton` in, and its server.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);

pub const WORKFLOW: &str = "
name: Reviews
fields:
  - { name: ID, type: uniqueId }
  - { name: Title, type: text, required: true }
stages: [{ name: Open }, { name: Done, end: true }]
actions:
  - { name: Close, from: [Open], steps: [{ do: move_to_stage, stage: Done }] }
";

pub struct Site {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Site {
    pub fn new() -> Site {
        Site { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// With a workspace called Acme; answers with what `init` printed, too.
    pub fn with_workspace() -> (Site, Json) {
        let site = Site::new();
        let made = site.ok(&["init", "--workspace", "Acme", "--admin-email", "ada@example.com"]);
        (site, serde_json::from_str(&made).expect("init prints JSON"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder is ours");
    }

    /// In the folder, and with none of the settings of whoever runs the tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command.args(arguments).stdin(Stdio::null());
        self.isolate(&mut command);
        command
    }

    pub fn isolate(&self, command: &mut Command) {
        let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("BATON_"));
        for name in ours {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path());
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments))
    }

    /// On a disk that has room for a file of so many blocks of 512 or 1024 bytes; without the signal, so that a write fails as on a full one.
    pub fn limited(&self, blocks: u32, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_baton")]).args(arguments).stdin(Stdio::null());
        self.isolate(&mut command);
        command
    }

    /// All that is in the folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder is ours");
        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
        let mut names: Vec<String> = entries.map(|entry| name(entry.expect("it is read"))).collect();
        names.sort();
        names
    }

    /// What a command that must succeed prints, without the last line's end.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
        ended.out.trim_end().to_owned()
    }

    /// What a command that must be refused says.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 1, "{arguments:?}: {ended:?}");
        ended.err.trim_end().to_owned()
    }

    /// The id of a workflow that is [`WORKFLOW`].
    pub fn apply_reviews(&self) -> String {
        self.write("reviews.yaml", WORKFLOW);
        self.ok(&["apply", "reviews.yaml"])
    }

    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        self.serve_by(command)
    }

    /// The same by a command that says more than arguments do.
    pub fn serve_by(&self, mut command: Command) -> Server {
        // Who waits for something looks far more often than a client may.
        command.env("BATON_LIMITS_RATE_PER_MINUTE", "0");
        let log = File::options().create(true).append(true).open(self.path("server.log")).expect("the folder is ours");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("baton starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let line = read_line(&mut out);
        // However it says what it does, its address is the first thing with a port.
        let Some((_, address)) = line.split_once("http://") else {
            panic!("no server: {line}{}", self.log());
        };
        let address = address.split(['/', ',', '\n']).next().unwrap_or_default().to_owned();
        Server { child, address, out }
    }

    /// What a start says that must be refused; one that is not would go on for ever.
    pub fn start_refused(&self, arguments: &[&str]) -> String {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0", "--log-level", "off"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("baton starts");
        let line = read_line(&mut BufReader::new(child.stdout.take().expect("it is piped")));
        drop(child.kill());
        assert_eq!(line, "", "it serves");
        let ended = child.wait_with_output().expect("it is our child");
        assert_eq!(ended.status.code(), Some(1));
        String::from_utf8(ended.stderr).expect("text").trim_end().to_owned()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }

    pub fn data(&self) -> PathBuf {
        self.path("baton-data")
    }
}

pub fn ended(mut command: Command) -> Ended {
    let output = command.output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all output is UTF-8");
    Ended { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) }
}

pub fn read_line(out: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    out.read_line(&mut line).expect("output is UTF-8");
    line
}

/// Killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
    pub out: BufReader<ChildStdout>,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

impl Server {
    pub fn get(&self, path: &str, key: &str) -> Answer {
        request(&self.address, "GET", path, key, "")
    }

    pub fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        request(&self.address, "POST", path, key, body)
    }

    /// SIGTERM, and the exit code; `None` if a signal ended it.
    pub fn stop(mut self) -> Option<i32> {
        send_signal(&self.child, "-TERM");
        self.child.wait().expect("it is our child").code()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn send_signal(child: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("every system has kill");
    assert!(status.success());
}

/// A server that does not answer fails the test instead of holding it up.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
    stream
}

pub fn request(address: &str, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let mut stream = connect(address);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
        Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the server answers");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
    Answer { status, body: body.to_owned() }
}

/// Looks until it is so.
pub fn until(so: impl Fn() -> bool) {
    let mut looks = PATIENCE.as_millis() / LOOK_AGAIN_AFTER.as_millis();
    while !so() {
        looks -= 1;
        assert!(looks > 0, "it never is");
        std::thread::park_timeout(LOOK_AGAIN_AFTER);
    }
}

pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}
