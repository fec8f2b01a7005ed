//! A PostgreSQL for the tests: one for the whole test binary, a fresh database for each test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};

use postgres::NoTls;

/// A database that no other test uses.
pub struct Database {
    pub url: String,
    pub name: String,
}

impl Database {
    /// `None` where PostgreSQL is not installed: the test says so and is skipped. With `CI=true` nothing is skipped.
    pub fn fresh() -> Option<Database> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let Some(cluster) = cluster() else {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "PostgreSQL is missing: initdb is neither in PATH nor in /usr/lib/postgresql"
            );
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.execute("postgres", &format!("CREATE DATABASE {name}"));
        Some(Database { url: cluster.url(&name), name })
    }

    /// Statements from outside of any store.
    pub fn execute(&self, sql: &str) {
        cluster().expect("it was there before").execute(&self.name, sql);
    }

    /// Runs a statement in a session that stays until what comes back is dropped.
    pub fn hold(&self, sql: &'static str) -> mpsc::Sender<()> {
        let (url, (held, until), (ready, is_ready)) = (self.url.clone(), mpsc::channel(), mpsc::channel());
        std::thread::spawn(move || {
            let mut session = postgres::Client::connect(&url, NoTls).expect("the server is there");
            session.batch_execute(sql).expect("it is SQL");
            ready.send(()).expect("it is waited for");
            until.recv()
        });
        is_ready.recv().expect("the statement is run");
        held
    }

    /// Where the server listens.
    pub fn socket(&self) -> PathBuf {
        cluster().expect("it was there before").folder.join(".s.PGSQL.5432")
    }

    /// Whether anybody may connect: a server that is away, and back.
    pub fn allow_connections(&self, allowed: bool) {
        let sql = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", self.name);
        cluster().expect("it was there before").execute("postgres", &sql);
    }

    /// Ends every session on this database, as a failing server would.
    pub fn kill_sessions(&self) {
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        cluster().expect("it was there before").execute("postgres", &sql);
    }
}

struct Cluster {
    folder: PathBuf,
    /// Holds its standard input: when this process ends, however that happens, the pipe closes and the server is stopped.
    _keeper: Child,
}

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| programs().map(|programs| Cluster::start(&programs))).as_ref()
}

/// The newest of the packages, or what is in PATH.
fn programs() -> Option<PathBuf> {
    let packages = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut folders: Vec<PathBuf> = packages.collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file()))
}

/// What is lost in a crash does not matter here. The socket is in the folder, so no port is needed.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cd "$2" || exit 1
"$1/initdb" --pgdata=data --username=baton --auth=trust --encoding=UTF8 --locale=C --no-sync >log 2>&1 || { cat log; exit 1; }
"$1/pg_ctl" --pgdata=data --log=log --wait --silent \
    --options="-c listen_addresses='' -c unix_socket_directories='$2' -c max_connections=300 -c fsync=off -c deadlock_timeout=20ms" start || { cat log; exit 1; }
echo ready
cat >/dev/null
"$1/pg_ctl" --pgdata=data --mode=immediate --silent stop
rm -rf "$2"
"#;

impl Cluster {
    fn start(programs: &Path) -> Cluster {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a temporary folder").keep();
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(KEEPER).arg("keeper").arg(programs).arg(&folder);
        // PostgreSQL refuses to run as root.
        if let Some((user, group)) = unprivileged_when_root() {
            chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
            keeper.uid(user).gid(group);
        }
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("there is a shell");
        let said = BufReader::new(keeper.stdout.take().expect("it is piped")).lines();
        let said: Vec<String> = said.map_while(Result::ok).take_while(|line| line != "ready").collect();
        assert!(keeper.try_wait().is_ok_and(|ended| ended.is_none()), "PostgreSQL does not start: {}", said.join("\n"));
        Cluster { folder, _keeper: keeper }
    }

    fn url(&self, database: &str) -> String {
        let host = self.folder.to_str().expect("a plain path").replace('/', "%2F");
        format!("postgres://baton@{host}/{database}")
    }

    /// On a thread of its own, for the caller may be within an asynchronous runtime.
    fn execute(&self, database: &str, sql: &str) {
        let url = self.url(database);
        let run = || postgres::Client::connect(&url, NoTls).and_then(|mut client| client.batch_execute(sql));
        std::thread::scope(|scope| scope.spawn(run).join()).expect("no panic").unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

/// User and group to run as: PostgreSQL's own, or nobody.
fn unprivileged_when_root() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2).map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    is_root.then(|| ids("postgres").or_else(|| ids("nobody"))).flatten()
}
