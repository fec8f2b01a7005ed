//! Secrets of all kinds of characters, said back by whoever was called in every way of writing them: none of them is kept.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::{Value as Json, json};

use crate::calls::Calls;

/// Stands in each of the secrets, and nowhere else. No way of writing changes it but base64 and the escapes of every character.
const CANARY: &str = "Zq7Canary9Xv";

/// What stands around it.
const ODD: [&str; 60] = [
    "",
    " ",
    "!",
    "\"",
    "#",
    "$",
    "%",
    "&",
    "'",
    "(",
    ")",
    "*",
    "+",
    ",",
    "-",
    ".",
    "/",
    ":",
    ";",
    "<",
    "=",
    ">",
    "?",
    "@",
    "[",
    "\\",
    "]",
    "^",
    "_",
    "`",
    "{",
    "|",
    "}",
    "~",
    "é",
    "ß",
    "Ω",
    "я",
    "中",
    "日本",
    "🦉",
    "👩\u{200d}🚀",
    "e\u{301}",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\u{fffd}",
    "%41",
    "%2B",
    "&amp;",
    "&#39;",
    "\\u0041",
    "\\\"",
    "</script>",
    "${x}",
    "{{ID}}",
    "secret:TOKEN",
    "a b+c",
    "=?utf-8?q?x?=",
    "'\"`",
];

fn percent(secret: &str, kept: &str) -> String {
    let escaped = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || kept.contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    secret.bytes().map(escaped).collect()
}

/// Lower case only in the escapes, which have no letter but those.
fn percent_in_lower_case(secret: &str) -> String {
    let upper = percent(secret, "/~");
    let mut parts = upper.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}%{}{}", part[..2].to_ascii_lowercase(), &part[2..]))
}

fn json_text(secret: &str) -> String {
    let quoted = Json::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn json_in_ascii(secret: &str) -> String {
    let escaped = |c: char| match c {
        ' '..='~' => json_text(&c.to_string()).replace('/', "\\/"),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    secret.chars().map(escaped).collect()
}

fn html(secret: &str, quote: &str, apostrophe: &str) -> String {
    let text = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', quote).replace('\'', apostrophe)
}

/// As servers of all kinds write it.
fn writings(secret: &str) -> Vec<String> {
    let units = secret.encode_utf16();
    vec![
        secret.to_owned(),
        percent(secret, "-_.~"),
        percent(secret, "-_.!~*'()"),
        percent_in_lower_case(secret),
        percent(secret, "*-._ ").replace(' ', "+"),
        html(secret, "&quot;", "&#39;"),
        html(secret, "&#34;", "&#x27;"),
        secret.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect(),
        json_text(secret),
        json_in_ascii(secret),
        units.map(|unit| format!("\\u{unit:04X}")).collect(),
        // The bytes of a header, read as Latin-1.
        secret.bytes().map(char::from).collect(),
        STANDARD.encode(secret),
        URL_SAFE.encode(secret),
        STANDARD.encode(format!("Bearer {secret}")),
        STANDARD.encode(format!("ada:{secret}")),
    ]
}

/// By which any of them is found, whichever way it is written.
fn traces() -> Vec<String> {
    let mut traces = vec![CANARY.to_owned()];
    traces.push(CANARY.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect());
    traces.push(CANARY.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect());
    for before in 0..3 {
        let encoded = STANDARD_NO_PAD.encode([&b"xx"[..before], CANARY.as_bytes()].concat());
        traces.push(encoded[4..encoded.len() - 4].to_owned());
    }
    traces
}

fn has(text: &[u8], trace: &str) -> bool {
    text.windows(trace.len()).any(|window| window == trace.as_bytes())
}

#[test]
fn every_trace_finds_its_writing() {
    for odd in ODD {
        for written in writings(&format!("{odd}{CANARY}{odd}")) {
            assert!(traces().iter().any(|trace| has(written.as_bytes(), trace)), "{written}");
        }
    }
}

#[test]
fn no_secret_is_kept_however_it_is_said_back() {
    let calls = Calls::start(&["--log-level", "trace", "--log-format", "json"]);
    let at = format!("/api/v1/workflows/{}", calls.workflow);
    let mut told = String::new();
    for (index, odd) in ODD.iter().enumerate() {
        let secret = format!("{odd}{CANARY}{odd}");
        let said = writings(&secret);
        for (place, (action, name)) in [("Bearer", "TOKEN"), ("Basic", "PASSWORD"), ("Header", "KEY")].into_iter().enumerate() {
            let set = calls.put(&format!("/api/v1/secrets/{name}"), &json!({ "value": secret }).to_string());
            assert!(set.status < 300, "{}", set.body);
            told.push_str(&set.body);
            let execution = calls.take(action);
            let request = calls.receiver.next();
            // Not the body: what was said before stands in it, and it would grow.
            let echo = request.echo();
            let came = echo.strip_suffix(&request.body).expect("it ends with the body");
            // Another way in the first line each time, for that is what an error quotes.
            let first = &said[(index * 3 + place) % said.len()];
            let all = said.join(" | ");
            match action {
                "Header" => request.answer(200, &json!({ "said": format!("{all} | {came}") }).to_string()),
                "Bearer" if index == 0 => {
                    request.answer(503, &format!("{first} | {all}"));
                    calls.receiver.next().answer(429, &all);
                    calls.receiver.next().answer(400, came);
                }
                _ => request.answer(400, &format!("no: {first}\n{all}\n{came}")),
            }
            told.push_str(&calls.ended(&execution).to_string());
            told.push_str(&calls.server.get(&format!("{at}/executions/{execution}?expand=steps"), &calls.key).body);
        }
        let task = calls.server.get(&format!("{at}/tasks/1"), &calls.key).body;
        assert!(task.contains("***"), "what was said is kept without the secret: {task}");
        told.push_str(&task);
    }
    // The key of a signature, as it is written and without its prefix.
    let signing = STANDARD.encode(format!("{CANARY}{CANARY}"));
    calls.set("SIGNING", &format!("whsec_{signing}"));
    let execution = calls.take("Signed");
    calls.receiver.next().answer(400, &format!("whsec_{signing} {signing} {}", percent(&signing, "")));
    told.push_str(&calls.ended(&execution).to_string());
    for path in ["/executions?_limit=200", "/executions?_status=Fail&_limit=200", "/tasks/1/activity?_limit=200", "/tasks", "/definition"] {
        told.push_str(&calls.server.get(&format!("{at}{path}"), &calls.key).body);
    }
    assert!(told.contains("answered 400: no: ***"), "an error quotes what was said, without the secret");

    let mut kept = vec![("an answer".to_owned(), told.into_bytes())];
    assert_eq!(calls.server.stop(), Some(0));
    for file in fs::read_dir(calls.site.data()).expect("it is there").map(|file| file.expect("a file").path()) {
        if file.is_file() {
            kept.push((file.display().to_string(), fs::read(&file).expect("it can be read")));
        }
    }
    kept.push(("the log".to_owned(), calls.site.log().into_bytes()));
    for trace in traces() {
        for (name, bytes) in &kept {
            let found = bytes.windows(trace.len()).position(|window| window == trace.as_bytes());
            let around = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 100)]));
            assert_eq!(around, None, "{trace} is in {name}");
        }
    }
}
