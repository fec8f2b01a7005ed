//! `baton import` and `baton act --wait` while the server is away or busy: what they wait for goes on.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;

use crate::remote::{Shell, read_request};
use crate::site::connect;

const STOPS: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n";
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n";
const NOT_SOON: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\n";
/// No head: the server is asked.
const THROUGH: &str = "";
const BODY: &str = r#"{"errors":["This node is stopping"]}"#;

/// Between the program and the server: the first looks at what goes on get these heads.
struct InTheWay {
    url: String,
    /// The path of each.
    looks: Arc<Mutex<Vec<String>>>,
}

impl InTheWay {
    fn looks(&self) -> Vec<String> {
        self.looks.lock().expect("nobody panics with it").clone()
    }
}

fn in_the_way(shell: &Shell, heads: &'static [&str]) -> InTheWay {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (server, looks) = (shell.server.address.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = looks.clone();
    // It goes on until the test ends.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody asks");
            let request = read_request(&mut stream);
            let text = String::from_utf8_lossy(&request);
            let line = text.lines().next().unwrap_or_default();
            let path = line.split(' ').nth(1).unwrap_or_default();
            let mut head = THROUGH;
            if line.starts_with("GET ") && (path.contains("/imports/") || path.contains("/executions/")) {
                let mut looks = seen.lock().expect("nobody panics with it");
                head = heads.get(looks.len()).unwrap_or(&THROUGH);
                looks.push(path.to_owned());
            }
            let answer = match head {
                THROUGH => {
                    let mut onward = connect(&server);
                    onward.write_all(&request).expect("the server reads");
                    let mut answer = Vec::new();
                    onward.read_to_end(&mut answer).expect("the server answers");
                    answer
                }
                head => format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes(),
            };
            stream.write_all(&answer).expect("it is read");
        }
    });
    InTheWay { url, looks }
}

#[test]
fn who_waits_waits_past_a_restart_and_a_limit() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer\nA-1,Ada\n");
    let between = in_the_way(&shell, &[STOPS, TOO_MANY]);
    let imported = shell.run_at(&between.url, &shell.key, &["import", "new.csv", "--workflow", "Refunds"]);
    assert_eq!((imported.code, imported.out.trim_end()), (0, "1 created, 0 updated, 0 not imported"), "{imported:?}");
    assert!(between.looks().len() > 2, "{:?}", between.looks());

    let between = in_the_way(&shell, &[TOO_MANY, STOPS]);
    let acted = shell.run_at(&between.url, &shell.key, &["act", "Refunds", "A-1", "Note", "--wait"]);
    assert!(acted.code == 0 && acted.out.ends_with(" Success\n"), "{acted:?}");
    assert!(between.looks().len() > 2, "{:?}", between.looks());
}

#[test]
fn who_gives_up_says_how_to_go_on_waiting() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer\nA-1,Ada\n");
    let between = in_the_way(&shell, &[NOT_SOON]);
    let import = ["import", "new.csv", "--workflow", "Refunds"];
    let given_up = shell.run_at(&between.url, &shell.key, &import);
    assert_eq!((given_up.code, given_up.out.as_str()), (1, ""));
    let lines: Vec<&str> = given_up.err.lines().collect();
    assert!(lines[0].starts_with("import ") && lines[0].contains(" is accepted, and goes on whatever"), "{given_up:?}");
    assert_eq!(lines[1], "error: This node is stopping; ask again in 3600 s");
    let (told, place) = lines[2].split_once(", or see how by curl '").expect("it says how to look");
    let (id, rest) = told.strip_prefix("error: import ").and_then(|told| told.split_once(" goes on: ")).expect("it names the import");
    let place = place.split_once('\'').expect("a URL is quoted").0;
    let path = place.strip_prefix(&between.url).expect("it is where it was asked");
    assert_eq!(shell.server.get(path, &shell.key).json()["id"], id);

    let key = rest.split(' ').nth(2).expect("it names the key");
    let again: Json = shell.json(&[&import[..], &["--idempotency-key", key]].concat());
    assert_eq!((again["id"].as_str(), &again["created"]), (Some(id), &Json::from(1)));
}

/// Stdout of `act --also`: task, execution and status.
fn rows(out: &str) -> Vec<[String; 3]> {
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().try_into().expect("three cells");
    out.lines().skip(1).map(cells).collect()
}

#[test]
fn trouble_with_one_look_loses_nothing_that_was_accepted() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer\nA-1,Ada\nA-2,Ada\nA-3,Ada\n");
    shell.json(&["import", "new.csv", "--workflow", "Refunds"]);
    let act = ["act", "Refunds", "A-1", "Note", "--also", "A-2", "--also", "A-3", "--wait"];

    let between = in_the_way(&shell, &[THROUGH, NOT_SOON]);
    let told = shell.run_at(&between.url, &shell.key, &act);
    let [first, second, third] = rows(&told.out).try_into().expect("a row each");
    assert_eq!((told.code, [&first[2], &second[2], &third[2]]), (1, [&"Success".to_owned(), &"Pending".to_owned(), &"Pending".to_owned()]));
    let lines: Vec<&str> = told.err.lines().collect();
    assert_eq!(lines[0], "error: This node is stopping; ask again in 3600 s");
    assert!(lines[1].starts_with(&format!("error: {} is accepted, and goes on: see how by curl '", second[1])), "{told:?}");
    assert_eq!(lines[2..], ["error: not looked at, and shown as when accepted: 1 more"]);
    let path = between.looks()[0].split("/executions/").next().expect("it is one").to_owned();
    assert_eq!(shell.server.get(&format!("{path}/executions/{}?_wait=60", third[1]), &shell.key).json()["status"], "Success");

    let between = in_the_way(&shell, &[THROUGH, NOT_SOON]);
    let told = shell.run_at(&between.url, &shell.key, &[&act[..], &["--json"]].concat());
    let json: Json = serde_json::from_str(&told.out).expect("it is JSON");
    assert_eq!(
        (told.code, &json[0]["status"], &json[1]["status"], &json[2]["task_id"]),
        (1, &"Success".into(), &"Pending".into(), &"A-3".into())
    );

    let between = in_the_way(&shell, &[NOT_SOON]);
    let told = shell.run_at(&between.url, &shell.key, &["act", "Refunds", "A-1", "Note", "--wait"]);
    let id = told.out.strip_suffix(" Pending\n").expect("the id, and what is known");
    assert_eq!(told.code, 1);
    assert!(told.err.contains(&format!("{id} is accepted, and goes on")), "{told:?}");
}

#[test]
fn all_are_waited_for_together() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer\nA-1,Ada\nA-2,Ada\n");
    shell.json(&["import", "new.csv", "--workflow", "Refunds"]);
    // From now on it accepts, and runs nothing.
    let Shell { site, server, key } = shell;
    assert_eq!(server.stop(), Some(0));
    let shell = Shell { server: site.serve(&["--role", "web"]), site, key };
    let between = in_the_way(&shell, &[]);
    let told = shell.run_at(&between.url, &shell.key, &["act", "Refunds", "A-1", "Note", "--also", "A-2", "--wait", "2"]);
    let [first, second] = rows(&told.out).try_into().expect("a row each");
    assert_eq!((told.code, first[2].as_str(), second[2].as_str()), (1, "Pending", "Pending"));
    for id in [&first[1], &second[1]] {
        assert!(told.err.contains(&format!("error: {id} has not ended within 2 s, and goes on")), "{told:?}");
    }
    // The first has taken all of the time.
    let at_second: Vec<String> = between.looks().into_iter().filter(|path| path.contains(&second[1])).collect();
    assert!(at_second.len() == 1 && !at_second[0].contains("_wait"), "{at_second:?}");
}
