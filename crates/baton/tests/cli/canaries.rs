//! Secrets are sealed where they lie, and nothing shows them: not the database, not a backup of it, not the log, no answer.

use std::fs;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::GzDecoder;
use serde_json::json;

use crate::calls::Calls;

/// One for each way in which a call says who calls, and some that go nowhere.
const NAMES: [&str; 6] = ["TOKEN", "PASSWORD", "KEY", "SIGNING", "SPARE", "TYPED"];

/// Different each time, so that no other text has it.
fn canary(name: &str, seed: &str) -> String {
    let random = STANDARD.encode(format!("{name}{seed}{name}{seed}").bytes().take(32).collect::<Vec<u8>>());
    if name == "SIGNING" { format!("whsec_{random}") } else { format!("canary-{random}") }
}

/// The text, and its base64 at each place in a group of three bytes, without what its neighbours change.
fn forms(canary: &str) -> Vec<String> {
    let mut forms = vec![canary.to_owned(), canary.trim_start_matches("whsec_").to_owned()];
    for before in 0..3 {
        let shifted = [&b"xx"[..before], canary.as_bytes()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            forms.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    forms
}

#[test]
fn no_canary_is_in_the_database_a_backup_the_log_or_an_answer() {
    let calls = Calls::start(&["--log-level", "trace", "--log-format", "json"]);
    let canaries = NAMES.map(|name| canary(name, &calls.workflow));
    let mut told = String::new();
    let mut keep = |text: &str| told.push_str(text);

    for (name, canary) in NAMES.iter().zip(&canaries) {
        let set = calls.put(&format!("/api/v1/secrets/{name}"), &json!({ "value": canary }).to_string());
        assert_eq!(set.status, 201);
        keep(&set.body);
    }
    // Refused, each in its own way.
    let canary = &canaries[4];
    for (path, body) in [
        ("/api/v1/secrets/SPARE", json!({ "value": format!("{canary}\n") }).to_string()),
        ("/api/v1/secrets/SPARE", json!({ "value": [canary] }).to_string()),
        ("/api/v1/secrets/1", json!({ "value": canary }).to_string()),
        ("/api/v1/secrets/SPARE", json!({ "value": "x", "name": canary }).to_string()),
        ("/api/v1/secrets/SPARE", format!("{{\"value\": \"{canary}\"")),
        ("/api/v1/secrets/SPARE", format!("{{\"value\": \"{canary}\", \"value\": 1}}")),
        ("/api/v1/workspace", json!({ "value": canary }).to_string()),
    ] {
        let refused = calls.put(path, &body);
        assert!(refused.status >= 400, "{path}: {}", refused.body);
        keep(&refused.body);
    }
    calls.set("TYPED", &canaries[5]);
    let listed = calls.site.run(&["secret", "list"]);
    keep(&(listed.out + &listed.err));

    // Answered well, and by a server that says back all that came.
    for (action, echoes) in [("Bearer", false), ("Basic", true), ("Header", false), ("Header", true), ("Signed", true), ("Bearer", true)] {
        let execution = calls.take(action);
        let secret = &canaries[["Bearer", "Basic", "Header", "Signed"].iter().position(|known| *known == action).expect("known")];
        let attempts = if echoes && ["Bearer", "Signed"].contains(&action) { 3 } else { 1 };
        for _ in 0..attempts {
            let request = calls.receiver.next();
            let came = request.echo();
            let shown = if action == "Basic" { STANDARD.encode(format!("ada:{secret}")) } else { secret.clone() };
            assert_eq!(came.contains(&shown), action != "Signed", "{came}");
            // Who signs shares the secret with the receiver, which may say it as well.
            let said = format!("{came} {secret}");
            match (action, echoes) {
                ("Header", _) => request.answer(200, &json!({ "said": said }).to_string()),
                (_, true) => request.answer(503, &said),
                (_, false) => request.answer(200, ""),
            }
        }
        keep(&calls.ended(&execution).to_string());
    }
    let at = format!("/api/v1/workflows/{}", calls.workflow);
    let shown = calls.server.get(&format!("{at}/tasks/1"), &calls.key);
    assert!(shown.body.contains("***"), "what the server said is kept without the secret: {}", shown.body);
    keep(&shown.body);
    for path in ["/api/v1/secrets", &format!("{at}/tasks/1/activity"), &format!("{at}/definition"), &format!("{at}/tasks"), "/metrics"] {
        keep(&calls.server.get(path, &calls.key).body);
    }
    assert!(told.contains("answered 503"), "no call has failed: {told}");

    let log = calls.site.log();
    assert!(log.contains("answered"), "nothing was logged: {log}");
    // While it runs, so that the log of the database is there, too; and once more when it has ended.
    let mut kept = vec![("an answer".to_owned(), told.into_bytes())];
    let look = |kept: &mut Vec<(String, Vec<u8>)>| {
        for file in fs::read_dir(calls.site.data()).expect("it is there").map(|file| file.expect("a file").path()) {
            if file.is_file() {
                kept.push((file.display().to_string(), fs::read(&file).expect("it can be read")));
            }
        }
    };
    look(&mut kept);
    assert!(kept.iter().any(|(name, bytes)| name.ends_with("baton.db-wal") && !bytes.is_empty()), "no log of the database");
    calls.site.ok(&["backup", "backup.gz"]);
    let mut backup = Vec::new();
    GzDecoder::new(fs::File::open(calls.site.path("backup.gz")).expect("it is made")).read_to_end(&mut backup).expect("it is gzip");
    assert!(backup.windows(8).any(|window| window == b"\"TYPED\","), "the secrets are not in the backup");
    kept.push(("the backup".to_owned(), backup));
    assert_eq!(calls.server.stop(), Some(0));
    look(&mut kept);
    kept.push(("the log".to_owned(), calls.site.log().into_bytes()));
    for form in canaries.iter().flat_map(|canary| forms(canary)) {
        for (name, bytes) in &kept {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{form} is in {name}");
        }
    }
}
