//! The README is right, word for word, and so is the quickstart that goes on from it: their lines are run, and answer what stands
//! below them.

use std::path::Path;
use std::process::Command;

use crate::demo::has_curl;
use crate::site::{Site, ended};

const README: &str = include_str!("../../../../README.md");
const QUICKSTART: &str = include_str!("../../../../docs/quickstart.md");
const BEGIN: &str = "\n## A first workflow in five minutes\n";
/// Printed between the blocks, to know which answered what.
const MARK: &str = "-- the next block --";

/// Each block of shell lines with the answer below it, if it shows one.
fn blocks(section: &str) -> Vec<(String, Option<String>)> {
    let mut blocks: Vec<(String, Option<String>)> = Vec::new();
    for (number, part) in section.split("\n```").enumerate().filter(|(number, _)| number % 2 == 1) {
        let (kind, text) = part.split_once('\n').unwrap_or_else(|| panic!("block {number} is empty"));
        match kind {
            "sh" => blocks.push((text.to_owned(), None)),
            "json" | "text" => blocks.last_mut().expect("an answer follows its lines").1 = Some(text.to_owned()),
            other => panic!("a block of {other}"),
        }
    }
    blocks
}

/// Without what differs each time: ids, keys and times. Where an answer is laid out, its spaces don't count.
fn plain(text: &str, address: &str, laid_out: bool) -> String {
    let mut plain = String::new();
    let mut word = String::new();
    for symbol in text.replace(address, "127.0.0.1:3000").trim().chars().chain(['\n']) {
        if symbol.is_ascii_alphanumeric() || symbol == '_' {
            word.push(symbol);
            continue;
        }
        let digits = word.chars().any(|symbol| symbol.is_ascii_digit()) && word.chars().any(|symbol| symbol.is_ascii_alphabetic());
        plain.push_str(if word.starts_with("bat_") {
            "KEY"
        } else if word.len() == 11 && digits {
            "ID"
        } else {
            &word
        });
        word.clear();
        if !laid_out || !symbol.is_whitespace() {
            plain.push(symbol);
        }
    }
    plain
}

#[test]
fn a_first_workflow_and_the_next_ten_minutes_go_as_they_are_told() {
    if !has_curl() {
        return;
    }
    let (_, rest) = README.split_once(BEGIN).expect("the README has the heading");
    let first = blocks(rest.split("\n## ").next().expect("it has a text"));
    let next = blocks(QUICKSTART);
    assert!(first.len() >= 5 && next.len() >= 5, "{first:?} {next:?}");
    let blocks = [first, next].concat();
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let address = port.to_string();
    let script: Vec<String> = blocks.iter().map(|(lines, _)| lines.replace("127.0.0.1:3000", &address)).collect();
    let script = format!("set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{}", script.join(&format!("\necho '{MARK}'\n")));

    let site = Site::new();
    let mut shell = Command::new("bash");
    site.isolate(&mut shell);
    let binary = Path::new(env!("CARGO_BIN_EXE_baton")).parent().expect("it is in a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    shell.args(["-c", &script]).env("PATH", path).env("BATON_LISTEN", &address);
    let ended = ended(shell);
    assert_eq!(ended.code, 0, "{}\n{}", ended.out, ended.err);

    let answers: Vec<&str> = ended.out.split(MARK).collect();
    assert_eq!(answers.len(), blocks.len(), "{}", ended.out);
    for ((lines, shown), answer) in blocks.iter().zip(answers) {
        if let Some(shown) = shown {
            let laid_out = shown.trim_end().contains('\n');
            assert_eq!(plain(answer, &address, laid_out), plain(shown, &address, laid_out), "after {lines}\n{}", ended.err);
        }
    }
}
