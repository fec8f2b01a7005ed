use std::io::{BufReader, Read};
use std::process::{Command, Stdio};

use crate::site::{Site, ended, read_line, request, send_signal};

#[test]
fn once_shows_the_api_at_work_and_ends() {
    let site = Site::new();
    let mut command = site.command(&["demo", "--once", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", site.path("")).env("BATON_DATABASE_URL", "postgres://nobody@127.0.0.1:1/real").env("BATON_DATA", "real");
    let ended = ended(command);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let statuses: Vec<&str> =
        ended.out.lines().filter(|line| line.len() == 3 && line.chars().all(|symbol| symbol.is_ascii_digit())).collect();
    let (applicants, approved, paid) =
        (["200", "422", "403", "202", "200", "200"], ["202", "200", "200"], ["202", "200", "202", "200", "200"]);
    let asked = ["200", "200", "200", "200", "200", "200", "200", "200", "200", "200", "409"];
    assert_eq!(statuses, [&applicants[..], &approved, &paid, &asked].concat());
    for told in [
        "\"Name is required\",\n    \"Checklist must be completed\",\n    \"Must be assigned\",\n    \"Name must include honorable prefix\"",
        "\"tom@example.com may not perform Approve\"",
        "\"status\": \"Pending\"",
        "\"status\": \"Success\"",
        "\"Stage\": \"Approved\"",
        "\"Payment reference\": \"PAY-10501\"",
        "From: baton@example.com\nTo: yuki@example.com\nSubject: R-10501 is approved\n\n\
         48.50 EUR for Luna may be paid, with the reference PAY-10501.\n\nAmara Okeke\n",
        "\"errors\": [\"API call to 127.0.0.1 answered 503: The bank is closed until nine\"]",
        "\"Stage\": \"Paid\"",
        "\"available\": false",
        "{\"message\": \"Cost centre is required\"}",
        "{\"message\": \"Checklist must be completed\"}",
        "{\"message\": \"Must be assigned\"}",
        "Set Cost centre (Shipping or Shop). Complete or skip Receipt checked. Assign the task to somebody.",
        "The plan says: Set Cost centre (Shipping or Shop).\n\ncurl ",
        "The plan says: Complete or skip Receipt checked.\n\ncurl ",
        "The plan says: Assign the task to somebody.\n\ncurl ",
        "{\"available\": true, \"errors\": [], \"unblock\": []}",
        "\"Stage\": [\"Waiting for approval\", \"Approved\"]",
        "\"subject\": \"R-10503 is approved\"",
        "--header 'Prefer: wait=10'",
        "\"Payment reference\": \"PAY-10503\"",
        "{\"status\": \"Fail\", \"errors\": [\"Amount has changed from 64.00 to 640.00 since the quote\"]}",
    ] {
        assert!(ended.out.contains(told), "{told} is not in {}", ended.out);
    }
    assert_eq!(std::fs::read_dir(site.path("")).expect("it is there").count(), 0, "the demo leaves something behind");
}

#[test]
fn its_lines_can_be_pasted_and_its_data_kept() {
    if !has_curl() {
        return;
    }
    let site = Site::new();
    let mut command = site.command(&["demo", "--data", "kept", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = Vec::new();
    loop {
        let line = read_line(&mut out);
        assert!(!line.is_empty(), "the demo ends by itself: {lines:?}");
        if line.contains("stays up until you stop it") {
            break;
        }
        lines.extend(line.starts_with("curl ").then(|| line.trim_end().to_owned()));
    }
    let answers: Vec<String> = lines.iter().map(|line| paste(&site, line)).collect();
    let expected = [
        "\"Approve\"",
        "\"Name is required\"",
        "may not perform Approve",
        "Approve cannot be taken in Approved",
        "\"Success\"",
        "Dr. Maya Okafor",
        "Approve cannot be taken in Approved",
        "\"Success\"",
        "PAY-10501",
        "Pay cannot be taken in Paid",
        "answered 503: The bank is closed until nine",
        "A retry has succeeded already",
        "\"Success\"",
        "\"Stage\":\"Paid\"",
        "Approve cannot be taken in Approved",
        "\"Cost centre\":\"Shipping\"",
        "\"Completed\"",
        "\"Assigned To\":\"amara@example.com\"",
        "Approve cannot be taken in Approved",
        "Approve cannot be taken in Approved",
        "Another execution of the task comes before what was quoted",
        "PAY-10503",
        "Above the limit of 500.00 EUR a lead must approve",
        "\"Amount\":\"640.00\"",
        "Amount has changed from 64.00 to 640.00 since the quote",
    ];
    assert_eq!(answers.len(), expected.len());
    for (answer, expected) in answers.iter().zip(expected) {
        assert!(answer.contains(expected), "{answer} has no {expected}");
    }
    send_signal(&child, "-INT");
    assert_eq!(child.wait().expect("it is our child").code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("output is UTF-8");
    assert!(site.ok(&["audit", "verify", "--data", "kept"]).ends_with("whole"));

    let said = site.refused(&["demo", "--data", "kept"]);
    assert!(said.starts_with("error: kept is not empty, and the demo makes all its data anew"), "{said}");
}

fn paste(site: &Site, line: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", &line.replacen("curl ", "curl --silent ", 1)]);
    site.isolate(&mut shell);
    ended(shell).out
}

/// Where nothing may be skipped it must be there.
pub fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    assert!(found || std::env::var("CI").as_deref() != Ok("true"), "this test needs curl");
    found
}

#[test]
fn the_settings_hold_for_it_too() {
    let site = Site::new();
    let out = site.ok(&["demo", "--once", "--listen", "127.0.0.1:0", "--public-url", "https://demo.example"]);
    assert!(out.contains("\"Task URL\": \"https://demo.example/workflows/"), "{out}");
    let said = site.refused(&["demo", "--once", "--listen", "127.0.0.1:0", "--sqlite-page-count-max", "9"]);
    assert!(said.contains("full"), "{said}");
    let mut command = site.command(&["demo", "--listen", "127.0.0.1:0", "--limits-body-mib", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let line = read_line(&mut out);
    let address = line.trim_end().strip_prefix("Baton's demo is at http://").expect("it says where");
    let mut key = String::new();
    while !key.contains("bat_") {
        key = read_line(&mut out);
        assert!(!key.is_empty(), "the demo ends by itself");
    }
    let key = key.split_whitespace().last().expect("a key");
    let answer = request(address, "POST", "/api/v1/workflows", key, &" ".repeat(1024 * 1024 + 1));
    assert_eq!(answer.status, 413);
    drop(child.kill());
    drop(child.wait());
}

#[test]
fn a_taken_address_is_an_error_only_where_it_was_chosen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let site = Site::new();
    let said = site.refused(&["demo", "--once", "--listen", &address]);
    assert!(said.starts_with(&format!("error: {address} can't be listened on: ")), "{said}");
    let _usual = std::net::TcpListener::bind("127.0.0.1:3000");
    let out = site.ok(&["demo", "--once"]);
    assert!(
        out.starts_with("Baton's demo is at http://127.0.0.1:") && !out.starts_with("Baton's demo is at http://127.0.0.1:3000\n"),
        "{out}"
    );
}
