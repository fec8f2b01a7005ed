use std::io::Write;
use std::process::Stdio;

use crate::site::{Ended, Site, ended, mode};

impl Site {
    /// Runs a command with something on its stdin.
    fn fed(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        let file = self.path("stdin");
        std::fs::File::create(&file).and_then(|mut file| file.write_all(input)).expect("the folder is ours");
        command.stdin(Stdio::from(std::fs::File::open(&file).expect("just written")));
        ended(command)
    }

    fn secrets(&self) -> Vec<(String, String)> {
        let database = rusqlite::Connection::open(self.data().join("baton.db")).expect("it is there");
        let mut rows = database
            .prepare("SELECT kind, coalesce(after_values, before_values) FROM activity WHERE kind LIKE 'secret.%' ORDER BY id")
            .unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

#[test]
fn a_secret_comes_from_stdin_or_a_file_and_the_history_has_its_name() {
    let (site, _) = Site::with_workspace();
    let key = site.data().join("master.key");
    assert!(!key.exists());
    // Without a server and with one.
    let set = site.fed(&["secret", "set", "A"], b"geheim\n");
    assert_eq!((set.code, set.out.as_str(), set.err.as_str()), (0, "", "A is new\n"));
    assert_eq!(mode(&key), 0o600);
    let server = site.serve(&[]);
    site.write("value", "geheimer\r\n");
    for told in ["B is new\n", "B is changed\n"] {
        let set = site.run(&["secret", "set", "--workspace", "Acme", "B", "--value-file", "value"]);
        assert_eq!((set.code, set.err.as_str()), (0, told));
    }
    let listed = site.ok(&["secret", "list"]);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["NAME", "A", "B"], "{listed}");
    assert_eq!(site.run(&["secret", "delete", "A"]).err, "deleted A\n");
    assert_eq!(site.refused(&["secret", "delete", "A"]), "error: Secret not found");
    assert_eq!(server.stop(), Some(0));

    let row = |kind: &str, name: &str| (kind.to_owned(), format!("{{\"name\":\"{name}\"}}"));
    let expected = [row("secret.set", "A"), row("secret.set", "B"), row("secret.set", "B"), row("secret.deleted", "A")];
    assert_eq!(site.secrets(), expected);
    // Names can be told without the key, and nothing new is sealed under another one.
    std::fs::remove_file(&key).expect("it is ours");
    assert!(site.ok(&["secret", "list"]).contains("B "));
    let told = site.fed(&["secret", "set", "C"], b"x").err;
    assert!(told.starts_with("error: the master key ./baton-data/master.key is missing"), "{told}");
}

#[test]
fn what_can_be_no_secret_is_refused_and_not_repeated() {
    let (site, _) = Site::with_workspace();
    let unfit = "error: value must be 1 to 65536 bytes of text without control characters\n";
    let long = "x".repeat(200_000);
    for (name, input, told) in [
        ("A", b"".as_slice(), unfit),
        ("A", b"\n", unfit),
        ("A", b"geheim\n\n", unfit),
        ("A", long.as_bytes(), unfit),
        ("A", b"geheim\xff", "error: stdin is not UTF-8; a secret is text\n"),
        ("1A", b"geheim", "error: name is \"1A\"; allowed is a letter or _, then letters, digits and _, 100 characters at most\n"),
    ] {
        let set = site.fed(&["secret", "set", name], input);
        assert_eq!((set.code, set.err.as_str()), (1, told));
    }
    let told = site.refused(&["secret", "set", "A", "--value-file", "none"]);
    assert!(told.starts_with("error: none can't be read: "), "{told}");
    assert_eq!(site.run(&["secret", "set", "A", "geheim"]).code, 2, "a value is taken as an argument");
}
