//! How the file of an import comes: in pieces, again, slowly, or while there are too many.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::Response;
use baton_core::limits::{UPLOADS_A_WORKSPACE_MAX, UPLOADS_MAX, WAITING_IMPORTS_MAX};
use futures_core::Stream;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::imports::{counts, number, numbered, on_every_store};
use super::review::{REVIEW, Review};
use super::server::{Call, Reply, Server, get, post};
use crate::world::until;

struct Pieces(VecDeque<Result<Bytes, std::io::Error>>);

impl Stream for Pieces {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// A body that comes in these pieces, and may break off.
fn in_pieces(pieces: Vec<&'static str>, whole: bool) -> Body {
    let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
    let end = (!whole).then(|| Err(std::io::Error::other("it breaks off")));
    Body::from_stream(Pieces(pieces.chain(end).collect()))
}

#[tokio::test]
async fn a_file_that_breaks_off_leaves_nothing() {
    let review = Review::start().await;
    let broken = review.server.respond_to(review.import("", ""), in_pieces(vec!["ID\n1\n", "2\n"], false)).await;
    let reply = Reply::read(broken).await.expect(400);
    assert_eq!(reply.json(), json!({ "errors": ["body broke off before its end"] }));
    let whole = review.server.respond_to(review.import("", ""), in_pieces(vec!["I", "D\n1", "0\n2"], true)).await;
    let id = Reply::read(whole).await.expect(202).string("id");
    review.server.work();
    assert_eq!(review.ended(&id).await, counts("Success", [2, 2, 2, 0, 0]));
    assert_eq!(review.column("ID").await, ["10", "2"]);
    until(async || (number(&review, "SELECT count(*) FROM imports").await == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repetition_is_the_same_import() {
    on_every_store(async |review| {
        let call = review.import("", "ID\n1\n").with("idempotency-key", "k1");
        let first = review.send(call.clone()).await.expect(202);
        assert_eq!(first.header("location").expect("a place"), format!("/api/v1{}/imports/{}", review.path, first.string("id")));
        let again = review.send(call.clone()).await.expect(202);
        assert_eq!((again.text(), again.header("idempotency-replayed")), (first.text(), Some("true")));
        let other = Call { body: "ID\n2\n".into(), ..call };
        review.server.refuses(other, 422, &["Idempotency-Key was used with another body"]).await;
        assert_eq!(review.ended(&first.string("id")).await, counts("Success", [1, 1, 1, 0, 0]));
        assert_eq!(review.send(get(review.at("/imports"))).await.json().as_array().map(Vec::len), Some(1));
        until(async || (number(&review, "SELECT count(*) FROM imports").await == 1).then_some(())).await;
    })
    .await;
}

#[tokio::test]
async fn a_file_is_not_larger_than_the_operator_allows() {
    let mut review = Review::start().await;
    let options = baton_api::ApiOptions { import_bytes_max: 1000, ..baton_api::ApiOptions::default() };
    review.server.router = baton_api::router(review.server.engine.clone(), options);
    let file = numbered(100, &[]);
    for call in [review.import("", &file), review.import("", &file).with("content-length", &file.len().to_string())] {
        review.server.refuses(call, 413, &["body is larger than 1000 bytes"]).await;
    }
    let smaller = numbered(50, &[]);
    assert!((500..1000).contains(&smaller.len()));
    review.send(review.import("?_mapping=%7B%22Note%22:null%7D", &smaller)).await.expect(202);
}

/// A file that is still coming.
fn coming() -> (Sender<Result<Bytes, std::io::Error>>, Body) {
    let (sender, receiver) = channel(1);
    (sender, Body::from_stream(Coming(receiver)))
}

struct Coming(Receiver<Result<Bytes, std::io::Error>>);

impl Stream for Coming {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// What has come up since is nothing to who only asks again, as with every other POST.
#[tokio::test]
async fn what_would_be_refused_by_now_is_answered_as_it_was() {
    let document = REVIEW.trim_end().to_owned() + "\n  - { name: Imports, tasks: { import: true } }\n";
    for (change, status, told) in [
        ("waiting", 429, "10 imports of this workspace are waiting; try again later"),
        ("renamed", 422, "\\\"Site\\\" is not a field; "),
        ("archived", 422, "Workflow is archived"),
        ("narrowed", 403, "API key may not import Tasks"),
    ] {
        let review = Review::of(Server::start().await, &document).await;
        let secret = review.role_key("Imports").await;
        // In more than one piece.
        let file = format!("Site\n{}", "https://x.example\n".repeat(2500));
        let import = review.import("", &file).by(&secret);
        let keyed = import.clone().with("idempotency-key", "k1");
        let first = review.send(keyed.clone()).await.expect(202);
        match change {
            "waiting" => {
                for _ in 1..WAITING_IMPORTS_MAX {
                    review.send(review.import("", "ID\n1\n")).await.expect(202);
                }
            }
            "renamed" => review.redefine(|definition| named(definition, "fields", "Site")["name"] = json!("Page")).await,
            "archived" => drop(review.send(post(review.at("/archive"), "{}")).await.expect(200)),
            _ => review.redefine(|definition| named(definition, "roles", "Imports")["tasks"]["import"] = json!(false)).await,
        }
        let kept = "SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_pieces)";
        let before = number(&review, kept).await;

        let again = review.send(keyed.clone()).await.expect(202);
        assert_eq!((again.text(), again.header("idempotency-replayed")), (first.text(), Some("true")), "{change}");
        assert_eq!(again.header("location"), first.header("location"));
        let other = Call { body: file.replace(".example", ".test").into(), ..keyed.clone() };
        review.server.refuses(other, 422, &["Idempotency-Key was used with another body"]).await;
        // It is really refused, and so is a key that may less.
        for call in [import.clone(), import.with("idempotency-key", "k2")] {
            let refused = review.send(call).await.expect(status);
            assert!(refused.text().contains(told), "{}", refused.text());
        }
        let less = keyed.by(&review.role_key("Reader").await);
        assert!(review.send(less).await.header("idempotency-replayed").is_none());
        assert_eq!(number(&review, kept).await, before, "{change}");
    }
}

fn named<'a>(definition: &'a mut Json, parts: &str, name: &str) -> &'a mut Json {
    definition[parts].as_array_mut().expect("parts").iter_mut().find(|part| part["name"] == name).expect("it is there")
}

/// Only where there is an answer that may be the one is all of a file waited for.
#[tokio::test]
async fn what_is_refused_by_its_header_is_refused_by_that_unless_it_comes_again() {
    let review = Review::start().await;
    let call = review.import("", "Site\nhttps://x.example\n").with("idempotency-key", "k1");
    let first = review.send(call.clone()).await.expect(202);
    review.redefine(|definition| named(definition, "fields", "Site")["name"] = json!("Page")).await;

    let (sender, body) = coming();
    sender.send(Ok(Bytes::from_static(b"Site\n"))).await.expect("there is room");
    // Who asks before sending has the rest still to send.
    let new = call.clone().with("expect", "100-continue").with("idempotency-key", "k2");
    Reply::read(review.server.respond_to(new, body).await).await.expect(422);
    drop(sender);

    let (sender, answer) = begun(&review, call, "Site\nhttps://x").await;
    let rest = async {
        sender.send(Ok(Bytes::from_static(b".example\n"))).await.expect("it is read");
        drop(sender);
    };
    let (answer, ()) = tokio::join!(answer, rest);
    let again = Reply::read(answer).await.expect(202);
    assert_eq!((again.text(), again.header("idempotency-replayed")), (first.text(), Some("true")));
}

/// A file of which so much has come and is read, and its answer.
async fn begun<'a>(
    review: &'a Review,
    call: Call,
    come: &'static str,
) -> (Sender<Result<Bytes, std::io::Error>>, Pin<Box<dyn Future<Output = Response<Body>> + 'a>>) {
    let (sender, body) = coming();
    let mut answer: Pin<Box<dyn Future<Output = _>>> = Box::pin(review.server.respond_to(call, body));
    let is_read = async {
        sender.send(Ok(Bytes::from_static(come.as_bytes()))).await.expect("it is read");
        // There is room for one more piece when the first is taken.
        drop(sender.reserve().await.expect("it is read"));
    };
    tokio::select! {
        _ = &mut answer => panic!("it has not been sent whole"),
        () = is_read => {}
    }
    (sender, answer)
}

#[tokio::test]
async fn files_that_come_slowly_leave_places_and_room_to_others() {
    let review = Review::start().await;
    let other = review.server.new_workspace(review.server.engine.fresh_id(), "Durmstrang", "igor@durmstrang.edu").await;
    let mut slow = Vec::new();
    for _ in 0..UPLOADS_A_WORKSPACE_MAX {
        slow.push(begun(&review, review.import("", ""), "ID\n").await);
    }
    let told = ["4 files of this workspace are being taken in; try again later"];
    let reply = review.server.refuses(review.import("", "ID\n1\n"), 429, &told).await;
    assert_eq!(reply.header("retry-after"), Some("10"));
    // It is known there that the workflow is none of its own, so it has been let in.
    review.server.refuses(review.import("", "ID\n1\n").by(&other), 404, &["Workflow not found"]).await;
    let large = format!("{{\"Name\":\"x\"}}{}", " ".repeat(9 * 1024 * 1024));
    review.send(post(review.at("/tasks"), large)).await.expect(201);

    for (sender, answer) in slow {
        drop(sender);
        Reply::read(answer.await).await.expect(202);
    }
    review.send(review.import("", "ID\n1\n")).await.expect(202);
}

#[tokio::test]
async fn a_node_takes_in_so_many_files_of_all_and_says_so() {
    let review = Review::start().await;
    let new_workspace = || review.server.new_workspace(review.server.engine.fresh_id(), "Durmstrang", "igor@durmstrang.edu");
    let mut slow = Vec::new();
    while slow.len() < UPLOADS_MAX {
        let key = new_workspace().await;
        for _ in 0..UPLOADS_A_WORKSPACE_MAX {
            // Until the header is whole it shows nowhere that the workflow is none of theirs.
            slow.push(begun(&review, review.import("", "").by(&key), "ID").await);
        }
    }
    let told = ["16 files are being taken in on this node; nothing has happened, try again later"];
    let reply = review.server.refuses(review.import("", "ID\n1\n"), 503, &told).await;
    assert_eq!(reply.header("retry-after"), Some("10"));
    let (sender, answer) = slow.pop().expect("there are some");
    drop(sender);
    Reply::read(answer.await).await.expect(404);
    review.send(review.import("", "ID\n1\n")).await.expect(202);
}

#[tokio::test]
async fn a_workspace_has_so_many_imports_waiting_and_no_more() {
    let review = Review::start().await;
    let mut waiting = Vec::new();
    for _ in 0..WAITING_IMPORTS_MAX {
        waiting.push(review.send(review.import("", "ID\n1\n")).await.expect(202).string("id"));
    }
    let one_more = review.import("", "ID\n1\n");
    let told = ["10 imports of this workspace are waiting; try again later"];
    let reply = review.server.refuses(one_more.clone(), 429, &told).await;
    assert!(reply.header("retry-after").is_some());
    assert_eq!(number(&review, "SELECT count(*) FROM imports").await, 10);
    review.send(post(review.at(&format!("/imports/{}/cancel", waiting[3])), "{}")).await.expect(200);
    review.send(one_more).await.expect(202);
}
