//! Secrets are read at each attempt: one that is changed is used from the next one on.

use baton_connect::sign::{self, SigningSecret};
use serde_json::json;

use crate::calls::Calls;

const OLD: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

#[test]
fn the_attempt_after_a_change_carries_the_new_secret_and_the_same_key_and_body() {
    let calls = Calls::start(&[]);
    calls.set("TOKEN", "the old token");
    let execution = calls.take("Bearer");
    let first = calls.receiver.next();
    assert_eq!(first.header("authorization"), Some("Bearer the old token"));
    let (key, body) = (first.header("idempotency-key").map(str::to_owned), first.body.clone());
    assert_eq!(key, Some(format!("exe_{execution}_s1")));

    calls.set("TOKEN", "the new token");
    first.answer(503, "not now");
    let second = calls.receiver.next();
    assert_eq!(second.header("authorization"), Some("Bearer the new token"));
    assert_eq!((second.header("idempotency-key").map(str::to_owned), second.body.clone()), (key, body));
    second.answer(200, "");
    assert_eq!(calls.ended(&execution), json!({ "id": execution, "status": "Success" }));
}

#[test]
fn a_secret_that_is_deleted_meanwhile_fails_the_next_attempt() {
    let calls = Calls::start(&[]);
    calls.set("TOKEN", "the old token");
    let execution = calls.take("Bearer");
    let first = calls.receiver.next();
    calls.site.run(&["secret", "delete", "TOKEN"]);
    first.answer(503, "not now");
    assert_eq!(calls.ended(&execution)["errors"], json!(["Secret TOKEN does not exist"]));
}

#[test]
fn both_signatures_go_out_while_a_signing_secret_is_changed() {
    let calls = Calls::start(&[]);
    calls.set("SIGNING", OLD);
    let execution = calls.take("Signed");
    for (secrets, status, change) in
        [(vec![OLD], 503, Some(format!("{NEW} {OLD}"))), (vec![NEW, OLD], 503, Some(NEW.to_owned())), (vec![NEW], 200, None)]
    {
        let request = calls.receiver.next();
        let sent = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let secrets: Vec<SigningSecret> = secrets.iter().map(|secret| SigningSecret::parse(secret).expect("it is one")).collect();
        let at = sent("webhook-timestamp").parse().expect("seconds");
        for (name, value) in sign::headers(&secrets, &format!("exe_{execution}_s1"), at, request.body.as_bytes()) {
            assert_eq!(sent(name), value, "{name}");
        }
        if let Some(change) = change {
            calls.set("SIGNING", &change);
        }
        request.answer(status, "");
    }
    assert_eq!(calls.ended(&execution)["status"], "Success");
}
