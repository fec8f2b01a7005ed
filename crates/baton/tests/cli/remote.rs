//! The API from a shell: `baton actions`, `act` and `tasks` against a server that runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread::JoinHandle;

use serde_json::Value as Json;

use crate::site::{Ended, Server, Site, connect, ended, mode};

const REFUNDS: &str = "
name: Refunds
fields:
  - { name: Order, type: uniqueId }
  - { name: Customer, type: text, required: true }
  - { name: Amount, type: currency, currency: EUR }
  - { name: Explanation, type: text }
  - { name: Email, type: email }
  - { name: Flags, type: multipleSelect, options: [Late, Damaged, Goodwill] }
stages:
  - { name: Draft, checklist: [{ section: Before, items: [Bill seen, Bank asked] }] }
  - { name: Approved, end: true }
actions:
  - name: Approve
    from: [Draft]
    requirements:
      - { require: fields, fields: [Explanation] }
      - { require: assigned }
      - { require: checklist }
      - require: condition
        condition: { combinator: and, rules: [{ field: Amount, operator: '<=', value: 500 }] }
        message: Above the limit of 500.00 EUR a lead must approve
    steps:
      - { do: move_to_stage, stage: Approved }
      - { do: add_comment, text: 'Approved: {{Explanation}}' }
  - { name: Note, from: [Draft], steps: [{ do: add_comment, text: Noted }] }
  - { name: Write, from: [Draft], steps: [{ do: update_data, set: { Email: '{{Customer}}' } }] }
";

/// A server with a workflow, and a key for it.
pub struct Shell {
    pub site: Site,
    pub server: Server,
    pub key: String,
}

impl Shell {
    pub fn new() -> Shell {
        let (site, made) = Site::with_workspace();
        site.write("refunds.yaml", REFUNDS);
        site.ok(&["apply", "refunds.yaml"]);
        let server = site.serve(&[]);
        Shell { site, server, key: made["api_key"].as_str().expect("a key").to_owned() }
    }

    pub fn run_at(&self, url: &str, key: &str, arguments: &[&str]) -> Ended {
        let mut command = self.site.command(arguments);
        command.env("BATON_URL", url).env("BATON_API_KEY", key);
        ended(command)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_at(&format!("http://{}", self.server.address), &self.key, arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        ended.out.trim_end().to_owned()
    }

    pub fn json(&self, arguments: &[&str]) -> Json {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).expect("it is JSON")
    }

    fn executions(&self) -> usize {
        let workflow = self.server.get("/api/v1/workflows", &self.key).json()[0]["id"].as_str().expect("an id").to_owned();
        let listed = self.server.get(&format!("/api/v1/workflows/{workflow}/executions"), &self.key).json();
        listed.as_array().expect("a list").len()
    }
}

/// What the plan says to do, as commands.
fn follow(shell: &Shell, way: &Json) {
    for step in way["moves"].as_array().expect("it has moves") {
        if step["do"] == "complete_checklist" {
            for (number, item) in step["items"].as_array().expect("items").iter().enumerate() {
                let title = item["title"].as_str().expect("a title");
                let skip = ["--skip"];
                shell.ok(&[&["tasks", "check", "Refunds", "R-1", title], &skip[..number % 2]].concat());
            }
            continue;
        }
        let wanted = |part: &Json| part["value"].as_str().or(part["example"].as_str()).or(part["to"].as_str()).expect("a text").to_owned();
        let said: Vec<String> = match step["do"].as_str() {
            Some("set_fields") => {
                let fields = step["fields"].as_array().expect("fields");
                fields.iter().map(|field| format!("{}={}", field["name"].as_str().expect("a name"), wanted(field))).collect()
            }
            Some("assign") => vec![format!("Assigned To={}", wanted(step))],
            other => panic!("{other:?} is not foreseen here"),
        };
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        shell.ok(&[&["tasks", "update", "refunds", "R-1"], &said[..]].concat());
    }
}

#[test]
fn a_blocked_refund_is_opened_by_its_plan_and_approved_by_a_quote() {
    let shell = Shell::new();
    let created = shell.run(&["tasks", "create", "Refunds", "Order=R-1", "Customer=Luna", "Amount=900", "Flags=Late", "Flags=Damaged"]);
    assert_eq!((created.code, created.err.as_str()), (0, "created\n"));
    assert!(created.out.contains("Amount       900.00\n") && created.out.contains("Flags        Late, Damaged\n"), "{}", created.out);

    let told = shell.ok(&["actions", "Refunds", "R-1", "--as", "ada@example.com"]);
    for line in [
        "ACTION   STATE    WHY",
        "Approve  blocked  ",
        "Explanation is required",
        "Must be assigned",
        "500.00 EUR a lead",
        "  to open it: Set ",
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    assert!(told.contains("\nNote     open\n"), "{told}");
    let refused = shell.run(&["act", "Refunds", "R-1", "approve", "--as", "ada@example.com"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    for line in ["error: Explanation is required\n", "error: Must be assigned\n", "\n  to open it: Set "] {
        assert!(refused.err.contains(line), "{line} is not in {}", refused.err);
    }

    let actions = shell.json(&["actions", "Refunds", "R-1", "--as", "ada@example.com"]);
    assert_eq!(actions[0]["name"], "Approve");
    follow(&shell, &actions[0]["unblock"][0]);
    let approve = ["act", "Refunds", "R-1", "Approve", "--as", "ada@example.com"];
    assert!(shell.ok(&[&approve[..], &["--explain"]].concat()).contains("Approve  open"));

    let foreseen = shell.ok(&[&approve[..], &["--dry-run"]].concat());
    assert!(foreseen.contains("  Stage: Draft -> Approved\n") && foreseen.contains("\n     comment: Approved: "), "{foreseen}");
    let command = foreseen.lines().last().expect("it has lines");
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..5], ["baton", "act", "Refunds", "R-1", "Approve"]);

    shell.ok(&["tasks", "update", "Refunds", "R-1", "Amount=90"]);
    let stale = shell.run(&words[1..]);
    assert_eq!(stale.code, 1);
    assert!(stale.err.starts_with("error: Amount has changed from 500.00 to 90.00 since the quote; see by --dry-run"), "{}", stale.err);

    let quote = shell.json(&[&approve[..], &["--dry-run"]].concat())["quote"].as_str().expect("a quote").to_owned();
    let done = shell.ok(&["act", "Refunds", "R-1", "Approve", "--quote", &quote, "--wait"]);
    assert!(done.ends_with(" Success"), "{done}");
    assert_eq!(shell.json(&["tasks", "list", "Refunds", "--filter", "Stage=Approved", "--filter", "Amount=90"])[0]["Order"], "R-1");
    assert_eq!(shell.ok(&["tasks", "list", "Refunds", "--active"]), "TASK  STAGE  ASSIGNED TO");
}

#[test]
fn an_execution_is_told_to_its_end() {
    let shell = Shell::new();
    for order in ["Order=R-1", "Order=R-2"] {
        shell.ok(&["tasks", "create", "Refunds", order, "Customer=Luna"]);
    }
    let accepted = shell.run(&["act", "Refunds", "R-1", "Note"]);
    assert_eq!(accepted.code, 0);
    assert!(accepted.err.contains(&format!("/executions/{}?_wait=60'", accepted.out.trim_end())), "{accepted:?}");

    let failed = shell.run(&["act", "Refunds", "R-1", "Write", "--wait", "60"]);
    assert_eq!((failed.code, failed.err.as_str()), (1, "error: Email is invalid\n"));
    assert!(failed.out.ends_with(" Fail\n"), "{}", failed.out);
    let set = ["--set", "Customer=luna@example.com", "--wait", "--json"];
    let ended: Json = serde_json::from_str(&shell.ok(&[&["act", "Refunds", "R-1", "Write"], &set[..]].concat())).expect("JSON");
    assert_eq!(ended["status"], "Success");

    let several = shell.run(&["act", "Refunds", "R-1", "Note", "--also", "R-9", "--also", "R-2", "--wait"]);
    assert_eq!((several.code, several.err.as_str()), (1, "error: R-9: Task not found\n"));
    let lines: Vec<Vec<&str>> = several.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((lines[1][0], lines[1][2], &lines[2][..]), ("R-1", "Success", &["R-9", "Fail"][..]));
    assert_eq!((lines[3][0], lines[3][2]), ("R-2", "Success"));

    let refused = shell.run(&["act", "Refunds", "R-1", "Approve", "--json"]);
    let json: Json = serde_json::from_str(&refused.out).expect("a refusal is an answer");
    assert_eq!((refused.code, &json["status"], json["errors"].as_array().map(Vec::len)), (1, &"Fail".into(), Some(4)));

    shell.ok(&["tasks", "delete", "Refunds", "R-2"]);
    let gone = shell.run(&["tasks", "show", "Refunds", "R-2"]);
    assert_eq!((gone.code, gone.err.as_str()), (1, "error: Task not found; `baton tasks list WORKFLOW` shows which there are\n"));
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let shell = Shell::new();
    shell.ok(&["tasks", "create", "Refunds", "Order=R-1", "Customer=Luna"]);
    for (arguments, code, told) in [
        (vec!["actions", "Refnds", "R-1"], 1, "error: there is no workflow \"Refnds\"; did you mean Refunds?; there are Refunds"),
        (vec!["act", "Refunds", "R-1", "Pay"], 1, "error: there is no action \"Pay\"; there are Approve, Note, Write"),
        (vec!["act", "Refunds", "R-7", "Note"], 1, "error: Task not found; "),
        (vec!["act", "Refunds", "R-1", "Note", "--as", "x@y.z"], 1, "error: x@y.z is not a user of this workflow"),
        (vec!["act", "Refunds", "R-1", "Note", "--set", "Foo=1"], 1, "error: Foo is not a field"),
        (
            vec!["act", "Refunds", "R-1", "Note", "--set", "Foo"],
            2,
            "error: invalid value 'Foo' for '--set <FIELD=VALUE>': allowed is FIELD=VALUE",
        ),
        (vec!["act", "Refunds", "R-1", "Note", "--wait", "soon"], 2, "error: invalid value 'soon' for '--wait [<SECONDS>]'"),
        (
            vec!["act", "Refunds", "R-1", "Note", "--dry-run", "--explain"],
            2,
            "error: the argument '--dry-run' cannot be used with '--explain'",
        ),
        (vec!["act", "Refunds", "R-1", "Note", "--idempotency-key", "a\nb"], 2, "error: this can't be asked: "),
        (vec!["tasks", "create", "Refunds", "Amount=a lot"], 1, "error: Amount is invalid\nerror: Customer is required\n"),
        (
            vec!["tasks", "update", "Refunds", "R-1", "Flags:=[Late"],
            2,
            "error: invalid value 'Flags:=[Late' for '<FIELD=VALUE>...': behind :=",
        ),
        (vec!["tasks", "list", "Refunds", "--filter", "Foo=1"], 1, "error: Foo is not a field"),
        (
            vec!["tasks", "check", "Refunds", "R-1", "Bill scene"],
            1,
            "error: there is no checklist item \"Bill scene\"; did you mean Bill seen?; there are Bill seen, Bank asked",
        ),
        (vec!["tasks", "delete", "Refunds", ".."], 2, "error: \"..\" is the name of nothing"),
        (vec!["tasks", "show", "Refunds", "active"], 2, "error: active is no task to the API"),
    ] {
        let ended = shell.run(&arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(ended.err.starts_with(told), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(shell.executions(), 0);
}

#[test]
fn who_is_asked_with_which_key_is_said_where_it_is_wrong() {
    let shell = Shell::new();
    let url = format!("http://{}", shell.server.address);
    let list = ["tasks", "list", "Refunds"];
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let strange = format!("http://{}", stranger.local_addr().expect("it is bound"));
    let answers = std::thread::spawn(move || {
        let (mut stream, _) = stranger.accept().expect("somebody asks");
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>").expect("it is read");
    });
    for (url, key, code, told) in [
        (url.clone(), "", 2, "error: there is no API key: set BATON_API_KEY to one".to_owned()),
        (url.clone(), "bat_wrong", 1, "error: API key is malformed".to_owned()),
        (format!("http://{nobody}"), &shell.key, 1, format!("error: no server answers at http://{nobody} (Connection refused")),
        (strange.clone(), &shell.key, 1, format!("error: {strange} answered 200 without Baton's JSON: say by --url where Baton is")),
        ("ftp://x".to_owned(), &shell.key, 2, "error: url is \"ftp://x\" (environment BATON_URL); allowed is".to_owned()),
    ] {
        let ended = shell.run_at(&url, key, &list);
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(ended.err.starts_with(&told), "{}", ended.err);
    }
    answers.join().expect("it has answered");

    shell.site.write("key", &format!("{}\n", shell.key));
    let by_file = ["tasks", "list", "Refunds", "--api-key-file", "key"];
    let exposed = shell.run_at(&url, "", &by_file);
    assert_eq!(exposed.code, 1);
    assert!(exposed.err.starts_with("error: api_key_file is \"key\", which may be used by others"), "{}", exposed.err);
    std::fs::set_permissions(shell.site.path("key"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    assert_eq!(shell.run_at(&url, "", &by_file).code, 0);
}

pub fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).expect("it is sent");
        request.extend_from_slice(&piece[..count]);
        if count == 0 {
            return request;
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").and_then(|rest| rest.parse().ok()));
        if body.len() >= length.unwrap_or(0) {
            return request;
        }
    }
}

struct Between {
    address: String,
    ends: JoinHandle<Vec<String>>,
}

impl Between {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The keys of those that took an action. Who asks nothing says that nobody asks any more.
    fn keys(self) -> Vec<String> {
        drop(TcpStream::connect(&self.address));
        self.ends.join().expect("all have asked")
    }
}

/// Between the program and the server: it lets `count` requests through, and breaks off the first that takes an action, after the server
/// has answered it.
fn breaking(server: String, count: usize) -> Between {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let between = move || {
        let mut keys = Vec::new();
        for _ in 0..count {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let request = read_request(&mut stream);
            if request.is_empty() {
                break;
            }
            let mut onward = connect(&server);
            onward.write_all(&request).expect("the server reads");
            let mut answer = Vec::new();
            onward.read_to_end(&mut answer).expect("the server answers");
            let text = String::from_utf8_lossy(&request);
            let key = text.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
            keys.extend(key.map(str::to_owned));
            if key.is_none() || keys.len() > 1 {
                stream.write_all(&answer).expect("it is read");
            }
        }
        keys
    };
    Between { address, ends: std::thread::spawn(between) }
}

#[test]
fn a_connection_that_breaks_makes_no_second_execution() {
    let shell = Shell::new();
    shell.ok(&["tasks", "create", "Refunds", "Order=R-1", "Customer=Luna"]);
    // The workflows, the actions, and the execution twice.
    let between = breaking(shell.server.address.clone(), 4);
    let ended = shell.run_at(&between.url(), &shell.key, &["act", "Refunds", "R-1", "Note"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let keys = between.keys();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    assert_eq!(shell.executions(), 1);

    let between = breaking(shell.server.address.clone(), 3);
    let unknown = shell.run_at(&between.url(), &shell.key, &["act", "Refunds", "R-1", "Note", "--idempotency-key", "it's;mine"]);
    drop(between.keys());
    assert_eq!(unknown.code, 1, "{unknown:?}");
    let told = "whether it was done is not known: ask again with --idempotency-key 'it'\\''s;mine', and nothing is done twice\n";
    assert!(unknown.err.ends_with(told), "{}", unknown.err);
    shell.ok(&["act", "Refunds", "R-1", "Note", "--idempotency-key", "it's;mine"]);
    assert_eq!(shell.executions(), 2);
}

#[test]
fn a_file_is_imported_and_what_is_left_is_mended() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Nr;Customer;Amount;x\nA-1;Ada;12,50;\n");
    let wrong = shell.run(&["import", "new.csv", "--workflow", "Refunds"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.err.contains("Nr \"Nr\" is not a field"), "{}", wrong.err);
    let mapped = ["--workflow", "Refunds", "--map", "Nr=Order", "--map", "x="];
    let failed = shell.run(&[&["import", "new.csv", "--errors", "left.csv"], &mapped[..]].concat());
    assert_eq!((failed.code, failed.out.trim_end()), (1, "0 created, 0 updated, 1 not imported"), "{failed:?}");
    assert!(failed.err.contains("mend left.csv and import it"), "{}", failed.err);
    let left = std::fs::read_to_string(shell.site.path("left.csv")).expect("it is written");
    assert_eq!(left, "_Line,Nr,Customer,Amount,x,_Errors\r\n2,A-1,Ada,\"12,50\",,Amount is invalid\r\n");

    shell.site.write("left.csv", &left.replace("\"12,50\"", "12.50"));
    let foreseen = shell.ok(&[&["import", "left.csv", "--dry-run"], &mapped[..]].concat());
    assert_eq!(foreseen, "1 would be created, 0 updated, 0 not imported");
    // The same key is the same import.
    for _ in 0..2 {
        let key = ["--idempotency-key", "once"];
        assert_eq!(shell.ok(&[&["import", "left.csv"], &mapped[..], &key].concat()), "1 created, 0 updated, 0 not imported");
    }
    assert_eq!(shell.json(&["tasks", "show", "Refunds", "A-1"])["Amount"], "12.50");
    let again = shell.json(&[&["import", "left.csv"], &mapped[..]].concat());
    assert_eq!((&again["status"], &again["updated"]), (&Json::from("Success"), &Json::from(1)));
    let twice = shell.run(&["import", "left.csv", "--workflow", "Refunds", "--map", "Nr=Order", "--map", "x=", "--map", "Nr=Email"]);
    assert_eq!((twice.code, twice.out.as_str()), (2, ""), "{twice:?}");
    assert_eq!(twice.err, "error: --map says twice what \"Nr\" is; allowed is one field for a column\n");
    std::fs::create_dir(shell.site.path("folder")).expect("the folder is ours");
    for unreadable in ["missing.csv", "folder"] {
        let told = shell.run(&["import", unreadable, "--workflow", "Refunds"]);
        assert!(told.code == 1 && told.err.starts_with(&format!("error: {unreadable} can't be read: ")), "{told:?}");
    }
}

#[test]
fn what_is_left_takes_the_place_of_the_file_and_only_when_it_is_whole() {
    let shell = Shell::new();
    shell.site.write("fix.csv", "Order,Customer,Amount\nA-1,Ada,much\n");
    std::fs::set_permissions(shell.site.path("fix.csv"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    let import = ["import", "fix.csv", "--workflow", "Refunds", "--errors", "fix.csv", "--idempotency-key", "once"];
    let before = shell.site.names();
    // Without room, what was there stays, and the outcome is told.
    let mut without_room = shell.site.limited(0, &import);
    without_room.env("BATON_URL", format!("http://{}", shell.server.address)).env("BATON_API_KEY", &shell.key);
    let unsaved = ended(without_room);
    assert_eq!((unsaved.code, unsaved.out.as_str()), (1, "0 created, 0 updated, 1 not imported\n"));
    let told: Vec<&str> = unsaved.err.lines().rev().collect();
    assert!(told[1].starts_with("error: fix.csv can't be written: ") && told[0].starts_with("error: Refused rows: 1"), "{unsaved:?}");
    assert!(told[0].ends_with("; the same command with --idempotency-key once --errors FILE writes them, to be mended"), "{unsaved:?}");
    assert_eq!(shell.site.names(), before);
    let read = || std::fs::read_to_string(shell.site.path("fix.csv")).expect("it is there");
    assert_eq!(read(), "Order,Customer,Amount\nA-1,Ada,much\n");

    assert!(shell.run(&import).err.contains("; mend fix.csv and import it\n"));
    assert_eq!(read(), "_Line,Order,Customer,Amount,_Errors\r\n2,A-1,Ada,much,Amount is invalid\r\n");
    assert_eq!(mode(&shell.site.path("fix.csv")), 0o600);
    // What is no file stays what it is, and a link, too.
    assert_eq!(shell.run(&["export", "--workflow", "Refunds", "--output", "/dev/stdout"]).out.lines().count(), 1);
    std::os::unix::fs::symlink("fix.csv", shell.site.path("link.csv")).expect("the folder is ours");
    shell.ok(&["export", "--workflow", "Refunds", "--output", "link.csv"]);
    assert!(shell.site.path("link.csv").is_symlink() && read().starts_with("Stage,"));
}

#[test]
fn what_is_exported_is_imported_again_as_it_was() {
    let shell = Shell::new();
    let create = ["tasks", "create", "Refunds", "Order=A-1", "Customer==SUM(A1)", "Explanation=two\nlines; \"quoted\"", "Flags=Late"];
    shell.ok(&[&create[..], &["Flags=Goodwill", "Amount=-5"]].concat());
    shell.ok(&["tasks", "create", "Refunds", "Order=B-2", "Customer=Bo"]);
    shell.ok(&["export", "--workflow", "Refunds", "--output", "all.csv"]);
    let all = std::fs::read_to_string(shell.site.path("all.csv")).expect("it is written");
    let expected = "Stage,Assigned To,Order,Customer,Amount,Explanation,Email,Flags\r\n\
        Draft,,A-1,'=SUM(A1),-5.00,\"two\nlines; \"\"quoted\"\"\",,\"Late; Goodwill\"\r\nDraft,,B-2,Bo,,,,\r\n";
    assert_eq!(all, expected);
    let shown = shell.json(&["tasks", "show", "Refunds", "A-1"]);
    assert_eq!(shell.ok(&["import", "all.csv", "--workflow", "Refunds"]), "0 created, 2 updated, 0 not imported");
    assert_eq!(shell.json(&["tasks", "show", "Refunds", "A-1"]), shown);
    let some = shell.ok(&["export", "--workflow", "Refunds", "--filter", "Order=B-2", "--active"]);
    assert_eq!(some.lines().count(), 2, "{some}");
    let before = shell.site.names();
    let refused = shell.run(&["export", "--workflow", "Refunds", "--filter", "Nobody=1", "-o", "none.csv"]);
    assert!(refused.code == 1 && refused.err.contains("Nobody is not a field"), "{refused:?}");
    assert_eq!(shell.site.names(), before);
}

#[test]
fn what_lies_beside_a_file_that_is_written_stays_as_it_was() {
    let shell = Shell::new();
    shell.site.write("all.csv.part", "of somebody else");
    std::os::unix::fs::symlink("elsewhere", shell.site.path("some.csv.part")).expect("the folder is ours");
    let before = shell.site.names();
    for file in ["all.csv", "some.csv"] {
        shell.ok(&["export", "--workflow", "Refunds", "--output", file]);
    }
    assert_eq!(std::fs::read(shell.site.path("all.csv.part")).expect("it is there"), b"of somebody else");
    let mut expected = [&before[..], &["all.csv".to_owned(), "some.csv".to_owned()]].concat();
    expected.sort();
    assert_eq!(shell.site.names(), expected);
    let full = shell.run(&["export", "--workflow", "Refunds", "--output", "/dev/full"]);
    assert!(full.code == 1 && full.err.starts_with("error: /dev/full can't be written: "), "{full:?}");
}

#[test]
fn an_import_without_a_file_for_its_errors_says_how_to_get_them() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer,Amount\nA-1,Ada,much\n");
    let import = ["import", "new.csv", "--workflow", "Refunds"];
    let told = shell.run(&[&import[..], &["--idempotency-key", "a;b"]].concat());
    let way = "; the same command with --idempotency-key 'a;b' --errors FILE writes them, to be mended\n";
    assert!(told.code == 1 && told.err.ends_with(way), "{told:?}");
    let way = ["--idempotency-key", "a;b", "--errors", "left.csv"];
    assert!(shell.run(&[&import[..], &way].concat()).err.ends_with("; mend left.csv and import it\n"));
    let left = std::fs::read_to_string(shell.site.path("left.csv")).expect("it is written");
    assert!(left.ends_with("\r\n2,A-1,Ada,much,Amount is invalid\r\n"), "{left}");
}
