//! A quote is executed as it was shown, or refused with what has changed.

use std::sync::Arc;

use baton_engine::KeyScope;
use baton_engine::env::SystemClock;
use baton_store::{Options, Place, Store};
use serde_json::{Value as Json, json};

use super::dry_runs::{DOCUMENT, ask, foresee};
use super::review::{Review, failed};
use super::server::{Call, Server, delete, get, loopback, post, put};
use crate::world::{MovedClock, places};

const ANN: &str = "ann@hogwarts.edu";

async fn refunds(server: Server) -> Review {
    let review = Review::of(server, DOCUMENT).await;
    review.collaborator(ANN, "Collaborator").await;
    review.task(json!({ "ID": "1", "Name": "Ada", "Amount": 10 })).await;
    review
}

async fn quote(review: &Review, body: Json) -> Json {
    let shown = review.send(foresee(review, body)).await.expect(200).json();
    json!({ "quote": shown["quote"] })
}

fn execute(review: &Review, body: &Json) -> Call {
    post(review.at("/executions"), body)
}

async fn refused(review: &Review, body: &Json, told: &[&str]) {
    review.server.check(execute(review, body), 409, failed(told)).await;
}

#[tokio::test]
async fn it_says_what_was_asked_for_and_may_be_repeated() {
    let review = refunds(Server::working().await).await;
    let asked =
        json!({ "task_id": "1", "action_id": review.action("Note"), "performed_by": ANN, "fields": { "Amount": 20, "Name": "Bo" } });
    for repeated in [&[][..], &["task_id"], &["action_id", "performed_by"], &["task_id", "action_id", "performed_by", "fields"]] {
        let mut body = quote(&review, asked.clone()).await;
        for key in repeated {
            body[*key] = asked[*key].clone();
        }
        let id = review.send(execute(&review, &body)).await.expect(202).string("id");
        assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));
    }
    assert_eq!(review.shown("1", &["Amount", "Name"]).await, json!(["20", "Bo"]));
    let comments = review.send(get(review.at("/tasks/1/comments"))).await.json();
    assert_eq!(comments.as_array().map(Vec::len), Some(4));
    assert_eq!(comments[0]["author"], ANN);

    review.task(json!({ "ID": "2", "Name": "Cy" })).await;
    for (key, other) in [
        ("task_id", json!("2")),
        ("task_id", json!(1.5)),
        ("action_id", json!(review.action("Share"))),
        ("performed_by", json!("albus@hogwarts.edu")),
        ("fields", json!({ "Amount": 20 })),
    ] {
        let mut body = quote(&review, asked.clone()).await;
        body[key] = other.clone();
        if other == json!(1.5) {
            review.server.check(execute(&review, &body), 422, failed(&["task_id is invalid"])).await;
        } else {
            refused(&review, &body, &[&format!("{key} is not what was quoted")]).await;
        }
    }
}

#[tokio::test]
async fn each_thing_that_has_changed_is_told() {
    for (place, _database) in places() {
        let review = refunds(Server::on(Options::new(place)).await).await;
        let body = quote(&review, ask(&review, "Note", "1")).await;
        for (change, told) in [
            (json!({ "Amount": 50 }), &["Amount has changed from 10 to 50 since the quote"][..]),
            (json!({ "Amount": 90 }), &["Amount has changed from 10 to 90 since the quote"]),
            (
                json!({ "Assigned To": ANN, "Name": null, "Stage": "Approved" }),
                &[
                    "Stage has changed from Review to Approved since the quote",
                    "Assigned To has changed from blank to ann@hogwarts.edu since the quote",
                    "Name has changed from Ada to blank since the quote",
                    "Amount has changed from 10 to 90 since the quote",
                ],
            ),
            (json!({ "Assigned To": null, "Name": "Ada", "Stage": "Review", "Amount": 10 }), &["The task has changed since the quote"]),
        ] {
            review.send(put(review.at("/tasks/1"), change)).await.expect(200);
            refused(&review, &body, told).await;
        }

        // Whatever else runs comes first.
        let body = quote(&review, ask(&review, "Note", "1")).await;
        review.send(review.take("Note", "1", None)).await.expect(202);
        let first = "Another execution of the task comes before what was quoted";
        refused(&review, &body, &[first]).await;
        let later = quote(&review, ask(&review, "Note", "1")).await;
        refused(&review, &later, &[first]).await;

        review.task(json!({ "ID": "2", "Name": "Bo" })).await;
        let body = quote(&review, ask(&review, "Note", "2")).await;
        let mut definition = review.send(get(review.at("/definition"))).await.expect(200).json();
        definition["icon"] = "🌊".into();
        review.send(put(review.at("/definition"), definition)).await.expect(200);
        refused(&review, &body, &["The workflow has changed since the quote"]).await;
        review.send(delete(review.at("/tasks/2"))).await.expect(204);
        review.server.check(execute(&review, &body), 422, failed(&["Task not found"])).await;
    }
}

/// Until it begins: an edit may come between.
#[tokio::test]
async fn an_edit_before_it_begins_keeps_it_from_beginning() {
    let review = refunds(Server::start().await).await;
    let mut asked = ask(&review, "Approve", "1");
    asked["fields"] = json!({ "Amount": 20 });
    let body = quote(&review, asked).await;
    let id = review.send(execute(&review, &body)).await.expect(202).string("id");
    review.send(put(review.at("/tasks/1"), json!({ "Amount": 90 }))).await.expect(200);
    review.server.work();
    assert_eq!(review.finished(&id).await, failed(&["The task has changed since the quote"]));
    let retry = post(review.at(&format!("/executions/{id}/retry")), "");
    review.server.check(retry, 409, failed(&["The task has changed since the quote"])).await;
    assert_eq!(review.shown("1", &["Stage", "Amount"]).await, json!(["Review", "90"]));
}

/// Also where the action changes nothing in the task.
#[tokio::test]
async fn it_is_executed_once() {
    let review = refunds(Server::working().await).await;
    for (action, told) in [
        ("Note", &["Another execution of the task comes before what was quoted"][..]),
        (
            "Approve",
            &["Stage has changed from Review to Approved since the quote", "Another execution of the task comes before what was quoted"],
        ),
    ] {
        let body = quote(&review, ask(&review, action, "1")).await;
        let id = review.send(execute(&review, &body)).await.expect(202).string("id");
        assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));
        refused(&review, &body, told).await;
    }
    // With an Idempotency-Key the first answer comes again.
    let body =
        quote(&review, json!({ "task_id": review.task(json!({ "ID": "2" })).await.json()["ID"], "action_id": review.action("Note") }))
            .await;
    let call = execute(&review, &body).with("idempotency-key", "k");
    let first = review.send(call.clone()).await.expect(202);
    assert_eq!(review.send(call).await.expect(202).text(), first.text());
}

#[tokio::test]
async fn only_the_key_that_asked_can_use_it_and_not_for_long() {
    let clock = MovedClock::new();
    let review = refunds(Server::with(Options::new(Place::Memory), clock.clone()).await).await;
    let body = quote(&review, ask(&review, "Note", "1")).await;
    let text = body["quote"].as_str().expect("a text").to_owned();
    let (payload, code) = text.split_once('.').expect("two parts");
    let other_key = review.server.key(KeyScope::default()).await.1;
    let invalid = failed(&["The quote is not valid"]);
    review.server.check(execute(&review, &body).by(&other_key), 409, invalid.clone()).await;
    let flipped = |text: &str| {
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &text[..middle], &text[middle + 1..])
    };
    for forged in [
        format!("{}.{code}", flipped(payload)),
        format!("{payload}.{}", flipped(code)),
        payload.to_owned(),
        format!("{payload}."),
        ".".to_owned(),
        "ü.ü".to_owned(),
    ] {
        review.server.check(execute(&review, &json!({ "quote": forged })), 409, invalid.clone()).await;
    }
    let other = post("/workflows", DOCUMENT.replace("Refunds", "Other")).with("content-type", "application/yaml");
    let other = review.send(other).await.expect(201).string("id");
    review.server.check(post(format!("/workflows/{other}/executions"), &body), 409, invalid).await;

    clock.put(15 * 60 - 60);
    let mut explained = execute(&review, &body);
    explained.path.push_str("?_explain=true");
    assert_eq!(review.send(explained).await.expect(200).json()["available"], true, "not yet");
    clock.put(60);
    refused(&review, &body, &["The quote has expired"]).await;
    // A quote that is null or blank is none.
    for none in [json!(null), json!(" ")] {
        let mut body = ask(&review, "Approve", "1");
        body["quote"] = none;
        review.server.check(execute(&review, &body), 422, failed(&[NEEDS])).await;
    }
}

const NEEDS: &str = "Approve needs a quote: send the same for one task with ?_dry_run=true, then again with the `quote` of its answer";

#[tokio::test]
async fn an_action_may_ask_for_it() {
    let review = refunds(Server::working().await).await;
    for by in [None, Some(ANN)] {
        review.server.check(review.take("Approve", "1", by), 422, failed(&[NEEDS])).await;
        let mut explained = review.take("Approve", "1", by);
        explained.path.push_str("?_explain=true");
        let explained = review.send(explained).await.expect(200).json();
        let error = json!({ "code": "quote_required", "message": NEEDS });
        assert_eq!((&explained["available"], &explained["errors"]), (&json!(false), &json!([error])));
    }
    // What else is missing is told before it.
    review.task(json!({ "ID": "2" })).await;
    review.server.check(review.take("Approve", "2", None), 422, failed(&["Name is required"])).await;
    review.server.check(foresee(&review, ask(&review, "Approve", "2")), 422, failed(&["Name is required"])).await;
    let listed = review.send(get(review.at("/tasks/2/actions?_explain=true"))).await.expect(200).json();
    let codes: Vec<&Json> = listed[0]["errors"].as_array().expect("errors").iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["field_required", "quote_required"]);

    let mut asked = ask(&review, "Approve", "1");
    asked["performed_by"] = ANN.into();
    let body = quote(&review, asked).await;
    let mut explained = execute(&review, &body);
    explained.path.push_str("?_explain=true");
    assert_eq!(review.send(explained).await.expect(200).json()["available"], true);
    let id = review.send(execute(&review, &body)).await.expect(202).string("id");
    assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));

    // A retry goes on with what was confirmed.
    review.task(json!({ "ID": "3", "Name": "no e-mail" })).await;
    let body = quote(&review, ask(&review, "Break", "3")).await;
    let id = review.send(execute(&review, &body)).await.expect(202).string("id");
    assert_eq!(review.finished(&id).await, failed(&["Email is invalid"]));
    review.send(put(review.at("/tasks/3"), json!({ "Name": "a@b.cd" }))).await.expect(200);
    let retry = post(review.at(&format!("/executions/{id}/retry")), "");
    let id = review.send(retry).await.expect(202).string("id");
    assert_eq!(review.finished(&id).await, json!({ "status": "Success" }));
}

/// Beyond what the task's version tells: requirements are asked again, and what would be done is foreseen again.
#[tokio::test]
async fn what_a_version_does_not_cover_counts_as_well() {
    let review = refunds(Server::start().await).await;
    // People: whose turn it is, and what they are called.
    let body = quote(&review, ask(&review, "Share", "1")).await;
    review.task(json!({ "ID": "2", "Assigned To": "albus@hogwarts.edu" })).await;
    refused(&review, &body, &["What Share would do has changed since the quote"]).await;
    let mut explained = execute(&review, &body);
    explained.path.push_str("?_explain=true");
    let explained = review.send(explained).await.expect(200).json();
    assert_eq!(explained["errors"][0]["code"], "changed_since_quote");

    let item = review.send(get(review.at("/tasks/1/checklist_items"))).await.json()[0]["id"].clone();
    let item = review.at(&format!("/tasks/1/checklist_items/{}", item.as_str().expect("an id")));
    review.send(put(item.clone(), json!({ "status": "Completed" }))).await.expect(200);
    let body = quote(&review, ask(&review, "Check", "1")).await;
    review.send(put(item.clone(), json!({ "status": "Blank" }))).await.expect(200);
    review.server.check(execute(&review, &body), 422, failed(&["Checklist must be completed"])).await;
    review.send(put(item, json!({ "status": "Skipped" }))).await.expect(200);
    review.send(execute(&review, &body)).await.expect(202);
}

/// The moment in a text is that of the run; the day counts where it is shown.
#[tokio::test]
async fn time_may_pass() {
    let clock = MovedClock::new();
    let review = refunds(Server::with(Options::new(Place::Memory), clock.clone()).await).await;
    for task in ["2", "3"] {
        review.task(json!({ "ID": task })).await;
    }
    // The workspace is in London, five minutes before midnight.
    let (zone, now) = (baton_core::time::zone("Europe/London").expect("known"), review.server.engine.now());
    let midnight = baton_core::time::midnight(now.date_in(&zone).tomorrow().expect("a day"), &zone);
    clock.put((midnight.micros() - now.micros()) / 1_000_000 - 300);
    let asked = |action: &str, task: &str| {
        let mut asked = ask(&review, action, task);
        asked["performed_by"] = ANN.into();
        asked
    };
    let (first, second) = (quote(&review, asked("Greet", "1")).await, quote(&review, asked("Greet", "2")).await);
    let third = quote(&review, asked("Note", "3")).await;
    clock.put(60);
    review.send(execute(&review, &first)).await.expect(202);
    clock.put(300);
    refused(&review, &second, &["What Greet would do has changed since the quote"]).await;
    review.send(execute(&review, &third)).await.expect(202);
}

/// They share nothing but the store: not even the master key.
#[tokio::test]
async fn every_node_takes_it() {
    let store = Store::open(Options::new(Place::Memory)).expect("the store opens");
    let node = async || Server::over(store.clone(), Arc::new(SystemClock::new()), loopback(None)).await;
    let (review, other) = (refunds(node().await).await, node().await);
    let body = quote(&review, ask(&review, "Approve", "1")).await;
    other.send(execute(&review, &body).by(&review.server.key)).await.expect(202);
}
