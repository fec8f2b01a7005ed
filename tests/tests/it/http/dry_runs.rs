//! `POST .../executions?_dry_run=true`: what would happen is told, and nothing does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use baton_connect::email::{Mailer, Security, Settings};
use baton_connect::tls::Roots;
use baton_engine::KeyScope;
use baton_engine::env::SystemClock;
use baton_engine::world::Mail;
use baton_store::{Options, Store};
use serde_json::{Value as Json, json};

use super::review::{Review, failed};
use super::server::{Call, Server, loopback, post, put};
use super::watch::{Watch, contents};
use crate::world::mail::MailServer;
use crate::world::places;
use crate::world::receiver::{Receiver, answer};

pub const DOCUMENT: &str = include_str!("quoted.yaml");

/// The call of a dry run with this body.
pub fn foresee(review: &Review, body: Json) -> Call {
    post(review.at("/executions?_dry_run=true"), body)
}

/// What is needed to take an action.
pub fn ask(review: &Review, action: &str, task: &str) -> Json {
    json!({ "task_id": task, "action_id": review.action(action) })
}

fn mail(address: SocketAddr) -> Mail {
    let settings = Settings { host: address.ip().to_string(), port: address.port(), security: Security::None, account: None };
    Mail { mailer: Mailer::new(settings, &Roots::default()).expect("without TLS"), from: "Baton <baton@acme.example>".to_owned() }
}

/// Whatever it is asked for, a dry run only reads, and calls nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_and_nothing_is_sent() {
    for (place, _database) in places() {
        let receiver = Receiver::start(|_, _| answer(200, "application/json", r#"{"ticket":"t1"}"#)).await;
        let mail_server = MailServer::start(|_| "250 ok").await;
        let store = Store::open(Options::new(place)).expect("the store opens");
        let watch = Watch::default();
        let watched = store.over(Arc::new(watch.clone()));
        let watcher = &watch.0;
        let server = Server::over(watched, Arc::new(SystemClock::new()), loopback(Some(mail(mail_server.address)))).await;
        let review = Review::of(server, &DOCUMENT.replace("https://bank.example", &receiver.url(""))).await;
        review.send(put("/secrets/BANK", json!({ "value": "correct horse" }))).await.expect(201);
        review.task(json!({ "ID": "1", "Name": "Ada", "Email": "ada@example.com" })).await;

        let before = contents(&store).await;
        assert!(before.iter().any(|(table, rows)| table == "tasks" && !rows.is_empty()), "it sees what is there");
        watcher.watches.store(true, Ordering::SeqCst);
        let mut shown = Vec::new();
        for action in ["Approve", "Pay", "Note", "Share", "Greet", "Break", "Check"] {
            let mut body = ask(&review, action, "1");
            body["fields"] = json!({ "Amount": 7 });
            let reply = review.send(foresee(&review, body).with("idempotency-key", "once")).await;
            let refused = action == "Check";
            assert_eq!(reply.status, if refused { 422 } else { 200 }, "{action}: {}", reply.text());
            assert!(!reply.text().contains("correct horse"), "{}", reply.text());
            shown.push(reply.json());
        }
        assert_eq!(shown[1]["changes"], json!({ "Amount": [null, "8"] }), "it was foreseen");
        assert_eq!(watcher.writes.load(Ordering::SeqCst), 0, "no transaction that writes, no statement but queries");
        assert!(watcher.reads.load(Ordering::SeqCst) >= 7, "it watches");
        watcher.watches.store(false, Ordering::SeqCst);
        assert_eq!(contents(&store).await, before);
        assert!(receiver.got().is_empty(), "nobody was called");
        assert!(mail_server.taken().is_empty(), "nobody was written to");

        // The same watcher sees what is done then, and it is what was shown.
        watcher.watches.store(true, Ordering::SeqCst);
        review.server.work();
        let quote = json!({ "quote": shown[1]["quote"] });
        let id = review.send(post(review.at("/executions"), quote)).await.expect(202).string("id");
        assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));
        assert!(watcher.writes.load(Ordering::SeqCst) > 0);
        assert_ne!(contents(&store).await, before);
        let got = receiver.got();
        let request = &shown[1]["steps"][3]["request"];
        assert_eq!(got.len(), 1);
        assert_eq!(
            json!([got[0].method, receiver.url(&got[0].path), got[0].body]),
            json!([request["method"], request["url"], request["body"]])
        );
        assert_eq!(got[0].header("authorization"), Some("Bearer correct horse"));
        let mails = mail_server.taken();
        assert_eq!((mails.len(), &mails[0].to), (1, &vec!["ada@example.com".to_owned()]));
        assert!(mails[0].data.contains("Subject: 8 for Ada"), "{}", mails[0].data);
        assert_eq!(review.shown("1", &["Amount", "Ticket"]).await, json!(["8", "t1"]));
    }
}

#[tokio::test]
async fn it_shows_what_each_step_would_do() {
    let review = Review::of(Server::start().await, DOCUMENT).await;
    review.task(json!({ "ID": "1", "Name": "Ada" })).await;
    let mut body = ask(&review, "Approve", "1");
    body["fields"] = json!({ "Amount": 10, "Name": "Bo" });
    let reply = review.send(foresee(&review, body)).await.expect(200);
    let mut shown = reply.json();
    let shown = shown.as_object_mut().expect("an object");
    assert!(shown.keys().eq(["status", "changes", "steps", "quote", "expires_at"]), "{}", reply.text());
    assert!(shown["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    shown.retain(|key, _| !["quote", "expires_at"].contains(&key.as_str()));
    let moved = json!({ "kind": "move_to_stage", "status": "Success", "certain": true, "changes": { "Stage": ["Review", "Approved"] } });
    assert_eq!(
        Json::Object(shown.clone()),
        json!({
            "status": "Success",
            "changes": { "Stage": ["Review", "Approved"], "Name": ["Ada", "Bo"], "Amount": [null, "10"] },
            "steps": [moved],
        })
    );

    // A step that would fail is no refusal: the execution would be accepted.
    let shown = review.send(foresee(&review, ask(&review, "Pay", "1"))).await.expect(200).json();
    let no_mail = "E-mail can't be sent: the operator has set no mail server (smtp.host)";
    assert_eq!((&shown["status"], &shown["errors"]), (&json!("Fail"), &json!([no_mail])));
    let statuses: Vec<&Json> = shown["steps"].as_array().expect("steps").iter().map(|step| &step["status"]).collect();
    assert_eq!(statuses, ["Success", "Fail", "Pending", "Pending", "Pending", "Pending"]);
    assert!(shown["quote"].is_string());
}

#[tokio::test]
async fn it_refuses_as_the_post_does() {
    let review = Review::start().await;
    review.collaborator("reader@hogwarts.edu", "Reader").await;
    review.collaborator("sees@hogwarts.edu", "Own tasks").await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "2", "Stage": "Rejected" })).await;
    let (full, limited, blind) = (review.server.key.clone(), review.role_key("Limited").await, review.role_key("Own tasks").await);
    let (approve, reject) = (review.action("Approve"), review.action("Reject"));
    for (key, body) in [
        (&full, json!({ "foo": 1, "task_id": 1.5 })),
        (&full, json!([])),
        (&full, json!({})),
        (&full, json!({ "task_id": "9", "action_id": "zz", "performed_by": "x" })),
        (&full, json!({ "task_id": "1", "action_id": "zz", "performed_by": "x" })),
        (&full, json!({ "task_id": "1", "action_id": approve, "performed_by": "x@y.zz" })),
        (&full, json!({ "task_id": "1", "action_id": approve, "performed_by": "reader@hogwarts.edu" })),
        (&full, json!({ "task_id": "1", "action_id": approve, "performed_by": "sees@hogwarts.edu" })),
        (&full, json!({ "task_id": "2", "action_id": approve })),
        (&full, json!({ "task_id": "1", "action_id": approve })),
        (&full, json!({ "task_id": "1", "action_id": approve, "fields": { "Email": "x", "Foo": 1, "ID": "2" } })),
        (&limited, json!({ "task_id": "1", "action_id": reject })),
        (&blind, json!({ "task_id": "1", "action_id": reject })),
    ] {
        let taken = review.send(post(review.at("/executions"), body.clone()).by(key)).await;
        assert!([403, 422].contains(&taken.status.as_u16()), "{}", taken.text());
        review.server.check(foresee(&review, body).by(key), taken.status.as_u16(), taken.json()).await;
    }
    review.server.check(foresee(&review, json!({ "quote": "x" })), 422, failed(&["quote is not a parameter"])).await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let other = review.send(other).await.expect(201).string("id").parse().expect("an id");
    let elsewhere = review.server.key(KeyScope { workflows: Some(vec![other]), ..KeyScope::default() }).await.1;
    review.server.refuses(foresee(&review, ask(&review, "Reject", "1")).by(&elsewhere), 404, &["Workflow not found"]).await;
}

#[tokio::test]
async fn a_read_only_key_foresees_and_does_not_take() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let key = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await.1;
    let shown = review.send(foresee(&review, ask(&review, "Reject", "1")).by(&key)).await.expect(200).json();
    assert_eq!(shown["changes"], json!({ "Stage": ["Open", "Rejected"] }));
    let quote = post(review.at("/executions"), json!({ "quote": shown["quote"] }));
    review.server.refuses(quote.by(&key), 403, &["API key is read-only"]).await;
}

#[tokio::test]
async fn what_the_role_of_the_key_hides_is_not_shown() {
    let review = Review::of(Server::start().await, DOCUMENT).await;
    review.task(json!({ "ID": "1", "Name": "Ada", "Secret": "s3cr3t" })).await;
    let key = review.role_key("Blinkered").await;
    let all = review.send(foresee(&review, ask(&review, "Note", "1"))).await.expect(200);
    assert_eq!(all.json()["steps"][0]["comment"], "Noted s3cr3t");
    let shown = review.send(foresee(&review, ask(&review, "Note", "1")).by(&key)).await.expect(200);
    assert_eq!(shown.json()["steps"][0], json!({ "kind": "add_comment", "status": "Success", "certain": true, "comment": null }));
    // Nor does its quote hold what it could be found out from.
    let quote = json!({ "quote": shown.json()["quote"] });
    review.send(put(review.at("/tasks/1"), json!({ "Secret": "other" }))).await.expect(200);
    let told = failed(&["The task has changed since the quote"]);
    review.server.check(post(review.at("/executions"), quote).by(&key), 409, told).await;
}
