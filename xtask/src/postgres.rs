//! A PostgreSQL of our own in a temporary folder: no service of the machine is started or touched.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{Outcome, clock, shell};

const HOW_TO_GET_IT: &str = "install PostgreSQL 15 or later so that `initdb` is in PATH (Debian and Ubuntu: apt-get install postgresql)";
const START_LONGEST: Duration = Duration::from_secs(30);

/// Where `initdb`, `postgres`, `psql` and `pgbench` are.
#[derive(Clone, Debug)]
pub struct Programs(PathBuf);

impl Programs {
    pub fn find() -> Option<Programs> {
        let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        let mut folders: Vec<PathBuf> = packaged.collect();
        folders.sort_by_key(|folder| version_in(folder));
        folders.reverse();
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        folders.into_iter().find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())).map(Programs)
    }

    /// Installs it where we may; the error says how to get it where we may not.
    pub fn find_or_install() -> Outcome<Programs> {
        if let Some(found) = Programs::find() {
            return Ok(found);
        }
        if !(shell::in_path("apt-get") && shell::is_root()) {
            return Err(HOW_TO_GET_IT.into());
        }
        install().map_err(|error| format!("{error}; {HOW_TO_GET_IT}"))?;
        Programs::find().ok_or_else(|| HOW_TO_GET_IT.into())
    }

    pub fn command(&self, program: &str) -> Command {
        Command::new(self.0.join(program))
    }
}

/// `/usr/lib/postgresql/15/bin` is 15.
fn version_in(folder: &Path) -> u32 {
    folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// The package would make a cluster and start it as a service; its own setting, laid down first, keeps it from that.
fn install() -> Outcome {
    let apt = |arguments: &[&str]| {
        shell::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "--yes"]).args(arguments))
    };
    apt(&["update"])?;
    apt(&["install", "--no-install-recommends", "postgresql-common"])?;
    let settings = Path::new("/etc/postgresql-common/createcluster.conf");
    let before = fs::read_to_string(settings).unwrap_or_default();
    fs::write(settings, format!("{before}\ncreate_main_cluster = false\n"))?;
    apt(&["install", "--no-install-recommends", "postgresql"])
}

/// A running server; dropped, it is stopped and its folder removed.
pub struct Cluster {
    programs: Programs,
    owner: Option<Owner>,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Mutex<Child>,
    kept: bool,
}

impl Cluster {
    pub fn start(settings: &[(&str, &str)]) -> Outcome<Cluster> {
        Cluster::start_with(Programs::find_or_install()?, settings)
    }

    fn start_with(programs: Programs, settings: &[(&str, &str)]) -> Outcome<Cluster> {
        let owner = if shell::is_root() { Some(Owner::unprivileged()?) } else { None };
        let folder = scratch_folder()?;
        if let Some(owner) = &owner {
            chown(&folder, Some(owner.user), Some(owner.group))?;
        }
        let data = folder.join("data");
        let mut initdb = as_owner(owner.as_ref(), &programs.0.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--username=baton", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        shell::read(initdb.current_dir(&folder))?;

        let port = free_port()?;
        let always = [("listen_addresses", "127.0.0.1"), ("unix_socket_directories", "")];
        let settings: Vec<String> = always.iter().chain(settings).map(|(name, value)| format!("{name}={value}")).collect();
        let server = Mutex::new(serve(owner.as_ref(), &programs, &folder, port, &settings)?);
        let cluster = Cluster { programs, owner, folder, port, settings, server, kept: false };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Stops it as a service manager would, ending all connections, and starts it again.
    pub fn restart(&self) -> Outcome {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        interrupt(&mut server);
        *server = serve(self.owner.as_ref(), &self.programs, &self.folder, self.port, &self.settings)?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> Outcome {
        clock::wait_for("PostgreSQL", START_LONGEST, || Ok(self.psql("postgres", "select 1").ok()))
            .map(drop)
            .map_err(|error| format!("{error}; its log says: {}", self.log().unwrap_or_default()).into())
    }

    /// A fresh database, and its address.
    pub fn create_database(&self, name: &str) -> Outcome<String> {
        self.psql("postgres", &format!("create database {name}"))?;
        Ok(self.url(name))
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://baton@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs one statement and gives its rows, columns parted by `|`.
    pub fn psql(&self, database: &str, sql: &str) -> Outcome<String> {
        let mut command = self.programs.command("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", sql]);
        shell::read(command.arg(self.url(database)))
    }

    pub fn pgbench(&self, database: &str) -> Command {
        let mut command = self.programs.command("pgbench");
        command.args(["--host=127.0.0.1", "--username=baton", "--no-vacuum", &format!("--port={}", self.port)]).arg(database);
        command
    }

    pub fn log(&self) -> Outcome<String> {
        Ok(fs::read_to_string(self.folder.join("log"))?)
    }

    /// Leaves the folder for a look at what went wrong.
    pub fn keep(&mut self) -> &Path {
        self.kept = true;
        &self.folder
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        interrupt(self.server.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !self.kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn serve(owner: Option<&Owner>, programs: &Programs, folder: &Path, port: u16, settings: &[String]) -> Outcome<Child> {
    let mut postgres = as_owner(owner, &programs.0.join("postgres"));
    postgres.current_dir(folder).arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    for setting in settings {
        postgres.args(["-c", setting]);
    }
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
    Ok(postgres.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}

/// SIGINT is PostgreSQL's fast shutdown. Nothing is left to do if any of this fails.
fn interrupt(server: &mut Child) {
    let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
    let _ = server.wait();
}

/// PostgreSQL refuses to run as root.
struct Owner {
    name: &'static str,
    user: u32,
    group: u32,
}

impl Owner {
    fn unprivileged() -> Outcome<Owner> {
        let number = |flag: &str, name: &str| -> Outcome<u32> { Ok(shell::read(Command::new("id").args([flag, name]))?.trim().parse()?) };
        for name in ["postgres", "nobody"] {
            if let (Ok(user), Ok(group)) = (number("-u", name), number("-g", name)) {
                return Ok(Owner { name, user, group });
            }
        }
        Err("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as; run this as another user".into())
    }
}

/// Unlike `su`, `setpriv` also ends the server when we are killed ourselves.
fn as_owner(owner: Option<&Owner>, program: &Path) -> Command {
    match owner {
        None => Command::new(program),
        Some(owner) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={}", owner.user), format!("--regid={}", owner.group)]);
            command.args(["--clear-groups", "--pdeathsig=INT", "--reset-env", "--"]).arg(program).env("LOGNAME", owner.name);
            command
        }
    }
}

/// Outside the workspace, which may lie where the unprivileged user can't reach, and on a disk rather than in memory.
fn scratch_folder() -> Outcome<PathBuf> {
    let disk = Path::new("/var/tmp");
    let parent = if disk.is_dir() { disk.to_owned() } else { std::env::temp_dir() };
    for number in 0..1_000 {
        let folder = parent.join(format!("baton-postgres-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", folder.display()).into()),
        }
    }
    Err(format!("{} is full of folders of earlier runs", parent.display()).into())
}

pub fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_packaged_version_is_taken_by_number() {
        assert_eq!(version_in(Path::new("/usr/lib/postgresql/15/bin")), 15);
        assert!(version_in(Path::new("/usr/lib/postgresql/9.6/bin")) < version_in(Path::new("/usr/lib/postgresql/16/bin")));
    }
}
