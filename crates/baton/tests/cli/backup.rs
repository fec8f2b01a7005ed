use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value as Json, json};

use crate::site::{Server, Site, ended, mode, send_signal, until};

const KEY_IS_APART: &str =
    "The master key is not in it, and without the key the secrets in it can't be opened: keep a copy of it, apart from this.";

struct Kept {
    site: Site,
    key: String,
    path: String,
}

/// A workspace with a workflow and a few tasks.
fn kept() -> Kept {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let kept = Kept { site, key: made["api_key"].as_str().expect("a key").to_owned(), path: format!("/api/v1/workflows/{workflow}/tasks") };
    let server = kept.site.serve(&[]);
    kept.post(&server, &["Amber", "Basil", "Chive"]);
    assert_eq!(server.stop(), Some(0));
    kept
}

impl Kept {
    fn post(&self, server: &Server, titles: &[&str]) {
        for title in titles {
            assert_eq!(server.post(&self.path, &self.key, &json!({ "Title": title }).to_string()).status, 201);
        }
    }

    fn titles(&self, server: &Server) -> Vec<String> {
        let tasks = server.get(&self.path, &self.key).json();
        tasks.as_array().expect("a list").iter().map(|task| task["Title"].as_str().expect("a title").to_owned()).collect()
    }
}

#[test]
fn a_backup_is_made_while_the_server_runs_or_not_and_restored() {
    let kept = kept();
    let site = &kept.site;
    let still = site.run(&["backup", "still.gz"]);
    assert!(still.out.starts_with("still.gz: ") && still.out.contains(" rows of schema "), "{still:?}");
    assert_eq!(still.err.trim_end(), KEY_IS_APART);
    let server = site.serve(&[]);
    kept.post(&server, &["Dill"]);
    assert_eq!(site.run(&["backup", "running.gz"]).code, 0);
    kept.post(&server, &["Elder"]);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(mode(&site.path("running.gz")), 0o600);
    assert!(!site.path("running.gz.partial").exists());

    for (file, titles) in [("still.gz", &["Amber", "Basil", "Chive"][..]), ("running.gz", &["Amber", "Basil", "Chive", "Dill"])] {
        let data = format!("data-of-{file}");
        let restored = site.run(&["restore", file, "--data", &data]);
        assert_eq!(restored.code, 0, "{restored:?}");
        assert!(restored.out.starts_with("restored ") && restored.out.contains(" of Baton 0."), "{restored:?}");
        let place = format!(": put it at {data}/master.key before the server starts, or say by --master-key-file where it is\n");
        assert!(restored.err.ends_with(&place), "{restored:?}");
        assert_eq!(mode(&site.path(&data)), 0o700);
        let server = site.serve(&["--data", &data, "--master-key-file", "baton-data/master.key"]);
        assert_eq!(kept.titles(&server), titles);
        kept.post(&server, &["Fennel"]);
        assert_eq!(kept.titles(&server).len(), titles.len() + 1);
        assert_eq!(server.stop(), Some(0));
        assert!(site.ok(&["audit", "verify", "--data", &data]).ends_with(" 0 not sealed yet: whole"));
    }
}

#[test]
fn stdout_takes_a_backup_too() {
    let kept = kept();
    let _server = kept.site.serve(&[]);
    let mut command = kept.site.command(&["backup", "-"]);
    command.stdout(Stdio::from(File::create(kept.site.path("piped.gz")).expect("the folder is ours")));
    assert_eq!(ended(command).err.trim_end(), KEY_IS_APART);
    assert_eq!(kept.site.run(&["restore", "piped.gz", "--data", "other"]).code, 0);
}

#[test]
fn nothing_is_overwritten_and_nothing_served_is_restored_into() {
    let kept = kept();
    let site = &kept.site;
    site.ok(&["backup", "b.gz"]);
    let before = std::fs::read(site.path("b.gz")).expect("it is there");
    assert_eq!(site.refused(&["backup", "b.gz"]), "error: b.gz is there already, and no backup is overwritten: name another file");
    assert_eq!(std::fs::read(site.path("b.gz")).expect("it is there"), before);
    assert!(site.refused(&["backup", "nowhere/b.gz"]).starts_with("error: nowhere/b.gz.partial can't be written: "));
    assert_eq!(
        site.refused(&["backup", "c.gz", "--data", "nowhere"]),
        "error: nowhere has no data of Baton: name the right folder by --data, or begin by `baton init`"
    );
    assert!(!site.path("c.gz").exists() && !site.path("c.gz.partial").exists() && !site.path("nowhere").exists());

    assert!(site.refused(&["restore", "b.gz"]).starts_with("error: the store is not empty, it has accounts: "));
    let server = site.serve(&[]);
    let told = site.refused(&["restore", "b.gz"]);
    assert!(told.starts_with("error: another baton (pid "), "{told}");
    assert_eq!(kept.titles(&server).len(), 3);
    site.write("text", "not a backup");
    assert!(site.refused(&["restore", "text", "--data", "new"]).starts_with("error: text is no backup of Baton: "));
    assert!(site.refused(&["restore", "none", "--data", "new"]).starts_with("error: none can't be read: "));
    assert!(!site.path("new").exists());
}

#[test]
fn what_was_there_before_gives_a_backup_neither_its_mode_nor_its_place() {
    let kept = kept();
    let site = &kept.site;
    site.write("b.gz.partial", "of one that was interrupted");
    std::fs::set_permissions(site.path("b.gz.partial"), PermissionsExt::from_mode(0o644)).expect("it is ours");
    let mut seen = File::open(site.path("b.gz.partial")).expect("it is there");
    site.ok(&["backup", "b.gz"]);
    assert_eq!(mode(&site.path("b.gz")), 0o600);
    let mut text = String::new();
    seen.read_to_string(&mut text).expect("it is text");
    assert_eq!(text, "of one that was interrupted", "who had it open sees nothing of the backup");

    for target in ["elsewhere", "nowhere"] {
        site.write("elsewhere", "left alone");
        std::os::unix::fs::symlink(site.path(target), site.path("c.gz.partial")).expect("the folder is ours");
        let told = "error: c.gz.partial is there, and is no file: take it away, or name another file";
        assert_eq!(site.refused(&["backup", "c.gz"]), told);
        std::fs::remove_file(site.path("c.gz.partial")).expect("it is still there");
    }
    assert_eq!(std::fs::read(site.path("elsewhere")).expect("it is there"), b"left alone");
    assert!(!site.path("nowhere").exists());
}

#[test]
fn another_master_key_is_told_at_once() {
    let kept = kept();
    let site = &kept.site;
    site.ok(&["backup", "b.gz"]);
    std::fs::create_dir(site.path("other")).expect("the folder is ours");
    let key = site.path("other/master.key");
    std::fs::write(&key, [7; 32]).expect("the folder is ours");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).expect("it is ours");
    let restored = site.run(&["restore", "b.gz", "--data", "other"]);
    assert_eq!(restored.code, 0);
    let told = "put the right one there before the server starts, or say by --master-key-file where it is\n";
    assert!(restored.err.starts_with("warning: the secrets in it are sealed with the master key ") && restored.err.ends_with(told));
    assert_eq!(std::fs::read(&key).expect("it is there"), [7; 32]);
    let same = site.run(&["restore", "b.gz", "--data", "third", "--master-key-file", "baton-data/master.key"]);
    assert_eq!((same.code, &*same.err), (0, ""));
}

/// Enough that neither a backup nor a restore is over at once.
fn fill(kept: &Kept) {
    let database = rusqlite::Connection::open(kept.site.data().join("baton.db")).expect("it is there");
    let sql = "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 200000)
        INSERT INTO comments (id, workspace_id, task_id, author_kind, body, created_at)
        SELECT n, 1, 1, 'operator', hex(randomblob(40)), n FROM n";
    database.execute(sql, []).expect("it is filled");
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_that_looks_like_one() {
    let kept = kept();
    let site = &kept.site;
    fill(&kept);
    let server = site.serve(&[]);
    for (signal, name) in [("-KILL", "a.gz"), ("-TERM", "b.gz")] {
        let partial = format!("{name}.partial");
        let mut child = site.command(&["backup", name]).stderr(Stdio::null()).spawn().expect("baton starts");
        until(|| std::fs::metadata(site.path(&partial)).is_ok_and(|partial| partial.len() > 100_000));
        send_signal(&child, signal);
        child.wait().expect("it is our child");
        assert!(!site.path(name).exists());
        let told = site.refused(&["restore", &partial, "--data", "other"]);
        assert!(told.contains("is damaged or cut off"), "{told}");
    }
    // The server goes on, and the next takes the place of what was left.
    kept.post(&server, &["Dill"]);
    assert_eq!(site.run(&["backup", "b.gz"]).code, 0);
    assert!(site.path("b.gz").exists() && !site.path("b.gz.partial").exists());

    // The server is killed under a backup.
    let mut child = site.command(&["backup", "c.gz"]).stderr(Stdio::piped()).spawn().expect("baton starts");
    until(|| std::fs::metadata(site.path("c.gz.partial")).is_ok_and(|partial| partial.len() > 100_000));
    server.kill();
    let mut told = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut told).expect("text");
    assert_eq!(child.wait().expect("it is our child").code(), Some(1));
    assert!(told.starts_with("error: the running server broke off: "), "{told}");
    assert!(!site.path("c.gz").exists() && !site.path("c.gz.partial").exists());
}

#[test]
fn a_restore_that_is_killed_can_be_made_again() {
    let kept = kept();
    let site = &kept.site;
    fill(&kept);
    site.ok(&["backup", "b.gz"]);
    let wal = site.path("other/baton.db-wal");
    let mut child = site.command(&["restore", "b.gz", "--data", "other"]).spawn().expect("baton starts");
    until(|| std::fs::metadata(&wal).is_ok_and(|wal| wal.len() > 4_000_000));
    send_signal(&child, "-KILL");
    child.wait().expect("it is our child");
    let unfinished = "error: a restore into this store was begun and not finished: run `baton restore FILE` again";
    assert_eq!(site.start_refused(&["--data", "other"]), unfinished);
    assert_eq!(site.refused(&["backup", "c.gz", "--data", "other"]), unfinished);
    assert_eq!(site.run(&["restore", "b.gz", "--data", "other"]).code, 0);
    let server = site.serve(&["--data", "other", "--master-key-file", "baton-data/master.key"]);
    assert_eq!(kept.titles(&server), ["Amber", "Basil", "Chive"]);
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let kept = kept();
    let site = &kept.site;
    fill(&kept);
    let told = ended(site.limited(2000, &["backup", "b.gz"]));
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.starts_with("error: there is no room for the backup: "), "{told:?}");
    assert!(!site.path("b.gz").exists() && !site.path("b.gz.partial").exists());

    site.ok(&["backup", "b.gz"]);
    let told = site.refused(&["restore", "b.gz", "--data", "other", "--sqlite-page-count-max", "2000"]);
    assert!(told.starts_with("error: the store is full: "), "{told}");
    assert_eq!(site.run(&["restore", "b.gz", "--data", "other"]).code, 0);
    let rows = |file: &str| site.ok(&["backup", file, "--data", if file == "c.gz" { "other" } else { "baton-data" }]);
    let (of_other, of_first) = (rows("c.gz"), rows("d.gz"));
    assert_eq!(of_other.strip_prefix("c.gz"), of_first.strip_prefix("d.gz"));
}

#[test]
fn a_full_disk_is_not_told_as_a_fault_of_the_server() {
    let kept = kept();
    let site = &kept.site;
    let _server = site.serve(&[]);
    let told = ended(site.limited(0, &["backup", "b.gz"]));
    assert!(told.code == 1 && told.err.starts_with("error: b.gz can't be written: "), "{told:?}");
    assert!(!site.path("b.gz").exists() && !site.path("b.gz.partial").exists());

    let mut full = site.command(&["backup", "-"]);
    full.stdout(File::options().write(true).open("/dev/full").expect("it is there"));
    let told = ended(full);
    assert!(told.code == 1 && told.err.starts_with("error: stdout can't be written: "), "{told:?}");

    // Nobody reads it.
    let mut child = site.command(&["backup", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("baton starts");
    drop(child.stdout.take());
    let told = child.wait_with_output().expect("it is our child");
    let err = String::from_utf8(told.stderr).expect("text");
    assert!(told.status.code() == Some(1) && err.starts_with("error: stdout can't be written: "), "{err}");
}

#[test]
fn numbers_go_on_where_they_were() {
    let mut kept = kept();
    let counted = "name: Counted\nfields:\n  - { name: ID, type: uniqueId, autoincrement: true }\n  - { name: Title, type: text }\nstages: [{ name: Open }]\n";
    kept.site.write("counted.yaml", counted);
    kept.path = format!("/api/v1/workflows/{}/tasks", kept.site.ok(&["apply", "counted.yaml"]));
    let site = &kept.site;
    let server = site.serve(&[]);
    kept.post(&server, &["Amber", "Basil", "Chive"]);
    site.ok(&["backup", "b.gz"]);
    assert_eq!(server.stop(), Some(0));
    site.run(&["restore", "b.gz", "--data", "other", "--master-key-file", "baton-data/master.key"]);
    let server = site.serve(&["--data", "other", "--master-key-file", "baton-data/master.key"]);
    kept.post(&server, &["Dill"]);
    let all = server.get(&kept.path, &kept.key).json();
    let ids: Vec<&Json> = all.as_array().expect("a list").iter().map(|task| &task["ID"]).collect();
    assert_eq!(ids, ["1", "2", "3", "4"]);
}
