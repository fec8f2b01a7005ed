//! `baton import` and `baton act --wait` while the server is away or busy: what they wait for goes on.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

use crate::remote::{Shell, read_request};
use crate::site::connect;

const STOPS: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n";
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n";
const NOT_SOON: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\n";
const BODY: &str = r#"{"errors":["This node is stopping"]}"#;

/// Between the program and the server: the first looks at what goes on get these heads.
struct InTheWay {
    url: String,
    looks: Arc<AtomicUsize>,
}

fn in_the_way(shell: &Shell, heads: &'static [&str]) -> InTheWay {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (server, looks) = (shell.server.address.clone(), Arc::new(AtomicUsize::new(0)));
    let told = looks.clone();
    // It goes on until the test ends.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody asks");
            let request = read_request(&mut stream);
            let text = String::from_utf8_lossy(&request);
            let line = text.lines().next().unwrap_or_default();
            let is_look = line.starts_with("GET ") && (line.contains("/imports/") || line.contains("/executions/"));
            let answer = match heads.get(looks.load(Ordering::SeqCst)).filter(|_| is_look) {
                Some(head) => {
                    looks.fetch_add(1, Ordering::SeqCst);
                    format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes()
                }
                None => {
                    let mut onward = connect(&server);
                    onward.write_all(&request).expect("the server reads");
                    let mut answer = Vec::new();
                    onward.read_to_end(&mut answer).expect("the server answers");
                    answer
                }
            };
            stream.write_all(&answer).expect("it is read");
        }
    });
    InTheWay { url, looks: told }
}

#[test]
fn who_waits_waits_past_a_restart_and_a_limit() {
    let shell = Shell::new();
    shell.site.write("new.csv", "Order,Customer\nA-1,Ada\n");
    let between = in_the_way(&shell, &[STOPS, TOO_MANY]);
    let imported = shell.run_at(&between.url, &shell.key, &["import", "new.csv", "--workflow", "Refunds"]);
    assert_eq!((imported.code, imported.out.trim_end()), (0, "1 created, 0 updated, 0 not imported"), "{imported:?}");
    assert_eq!(between.looks.load(Ordering::SeqCst), 2);

    let between = in_the_way(&shell, &[TOO_MANY, STOPS]);
    let acted = shell.run_at(&between.url, &shell.key, &["act", "Refunds", "A-1", "Note", "--wait"]);
    assert!(acted.code == 0 && acted.out.ends_with(" Success\n"), "{acted:?}");
    assert_eq!(between.looks.load(Ordering::SeqCst), 2);
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
