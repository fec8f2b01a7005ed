//! What a body may cost: nothing of a stranger's is read, and what large ones take together is bounded.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes};
use baton_api::{ApiOptions, BodyTooSlow};
use futures_core::Stream;
use serde_json::json;
use tokio::sync::mpsc::{Receiver, channel};

use super::review::Review;
use super::server::{Reply, Server, post, put};

type Piece = Result<Bytes, BoxError>;

/// A body that comes in pieces, and remembers whether anybody wanted it.
struct Pieces {
    receiver: Receiver<Piece>,
    wanted: Arc<AtomicBool>,
}

impl Stream for Pieces {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.wanted.store(true, Ordering::SeqCst);
        self.receiver.poll_recv(context)
    }
}

/// A body of one piece.
fn piece(piece: Piece) -> (Body, Arc<AtomicBool>) {
    let (sender, receiver) = channel(1);
    sender.try_send(piece).expect("there is room");
    let wanted = Arc::new(AtomicBool::new(false));
    (Body::from_stream(Pieces { receiver, wanted: wanted.clone() }), wanted)
}

#[tokio::test]
async fn nothing_is_read_of_a_stranger_who_may_send_much() {
    let review = Review::start().await;
    let unknown = Server::start().await.key.clone();
    for call in [
        post(review.at("/tasks"), ""),
        put(review.at("/tasks/1"), ""),
        post(review.at("/executions"), ""),
        post("/workflows", ""),
        put(review.at("/definition"), "").with("content-type", "application/yaml"),
    ] {
        for (key, read) in [(&unknown, false), (&review.server.key, true)] {
            let (body, wanted) = piece(Ok(Bytes::from_static(b"{}")));
            let path = call.path.clone();
            // Who does not ask first is read out, so that the answer arrives.
            let call = call.clone().by(key).with("expect", "100-continue");
            let reply = Reply::read(review.server.respond_to(call, body).await).await;
            assert_eq!((reply.status == 401, wanted.load(Ordering::SeqCst)), (!read, read), "{path}: {}", reply.text());
        }
    }
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn large_bodies_share_what_is_set_aside_for_them() {
    let mut review = Review::start().await;
    review.server.router =
        baton_api::router(review.server.engine.clone(), ApiOptions { body_bytes_max: 64 * MIB, ..ApiOptions::default() });
    let (sender, receiver) = channel(1);
    let body = Body::from_stream(Pieces { receiver, wanted: Arc::default() });
    let mut slow = pin!(review.server.respond_to(post(review.at("/tasks"), ""), body));
    let begun = async {
        for _ in 0..40 {
            sender.send(Ok(Bytes::from(vec![b' '; MIB]))).await.expect("it is read");
        }
        // There is room for one more piece when the last is taken.
        drop(sender.reserve().await.expect("it is read"));
    };
    tokio::select! {
        _ = &mut slow => panic!("it has not been sent whole"),
        () = begun => {}
    }

    let large = post(review.at("/tasks"), format!("{{\"Name\":\"x\"}}{}", " ".repeat(30 * MIB)));
    let told = ["Too many large bodies are being read; nothing has happened, try again later"];
    let reply = review.server.refuses(large.clone(), 503, &told).await;
    assert_eq!(reply.header("retry-after"), Some("1"));
    let unknown = Server::start().await.key.clone();
    review.server.refuses(large.clone().by(&unknown), 401, &["API key is unknown"]).await;
    review.send(post(review.at("/tasks"), "{}")).await.expect(201);

    sender.send(Ok(Bytes::from_static(b"{}"))).await.expect("it is read");
    drop(sender);
    Reply::read(slow.await).await.expect(201);
    review.send(large).await.expect(201);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_told_in_no_formats_name() {
    let review = Review::start().await;
    let yaml = "application/yaml";
    for (call, error, status, told) in [
        (post(review.at("/tasks"), ""), BoxError::from("reset"), 400, "body broke off before its end"),
        (post("/workflows", "").with("content-type", yaml), BoxError::from("reset"), 400, "body broke off before its end"),
        (post(review.at("/executions"), ""), BodyTooSlow { seconds: 60 }.into(), 408, "body did not come within 60 s"),
        (put(review.at("/definition?_revision=1"), ""), BodyTooSlow { seconds: 60 }.into(), 408, "body did not come within 60 s"),
    ] {
        let reply = Reply::read(review.server.respond_to(call, piece(Err(error)).0).await).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (status, json!({ "errors": [told] })));
        assert_eq!(reply.header("connection"), (status == 408).then_some("close"));
    }
}
