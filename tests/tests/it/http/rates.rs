//! How many requests a key may make in a minute, and what it is told of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_engine::env::{Clock, SystemClock};
use baton_engine::{EngineOptions, KeyScope};
use baton_store::{Options, Place, Store};
use serde_json::json;

use super::server::{Call, PUBLIC_URL, Reply, Server, get, loopback, post};

/// It stands still until it is moved.
#[derive(Default)]
struct Hand(AtomicU64);

impl Hand {
    fn move_on(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        SystemClock::new().now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

async fn limited(per_minute: u32) -> (Server, Arc<Hand>) {
    let hand = Arc::new(Hand::default());
    let store = Store::open(Options::new(Place::Memory)).expect("the store opens");
    let options = EngineOptions { rate_per_minute: per_minute, ..EngineOptions::new(PUBLIC_URL, 4, Id::new(0, 1)) };
    (Server::with_options(store, hand.clone(), loopback(None), options).await, hand)
}

fn told(reply: &Reply) -> (u16, Option<&str>, Option<&str>) {
    (reply.status.as_u16(), reply.header("ratelimit"), reply.header("ratelimit-policy"))
}

const POLICY: Option<&str> = Some("\"key\";q=3;w=60");

#[tokio::test]
async fn a_key_is_told_what_it_has_left_and_refused_past_it() {
    let (server, hand) = limited(3).await;
    for left in ["\"key\";r=2;t=20", "\"key\";r=1;t=20", "\"key\";r=0;t=20"] {
        assert_eq!(told(&server.send(get("/workspace")).await), (200, Some(left), POLICY));
    }
    hand.move_on(1_500);
    let sentence = "API key has made more than 3 requests in a minute; try again in 19 s";
    for call in [get("/workspace"), post("/workflows", "not even JSON"), get("/workflows/nothing/fields")] {
        let reply = server.refuses(call, 429, &[sentence]).await;
        assert_eq!((told(&reply), reply.header("retry-after")), ((429, Some("\"key\";r=0;t=19"), POLICY), Some("19")));
    }
    // Who waits as told is let in, and a refusal has cost nothing.
    hand.move_on(18_500);
    assert_eq!(told(&server.send(get("/workspace")).await), (200, Some("\"key\";r=0;t=20"), POLICY));
    // What is refused otherwise counts as well, and is told as well.
    hand.move_on(60_000);
    assert_eq!(told(&server.send(get("/workflows/nothing/fields")).await), (404, Some("\"key\";r=2;t=20"), POLICY));
    assert_eq!(told(&server.send(post("/workflows", "not even JSON")).await), (400, Some("\"key\";r=1;t=20"), POLICY));
}

#[tokio::test]
async fn each_key_has_its_own_however_it_is_written() {
    let (server, _hand) = limited(2).await;
    let (_, other) = server.key(KeyScope::default()).await;
    for (header, status) in [
        (format!("Bearer {}", server.key), 200),
        (format!("bearer   {} ", server.key), 200),
        (format!("BEARER {}", server.key), 429),
        (format!("Bearer {other}"), 200),
    ] {
        assert_eq!(server.send(get("/workspace").with("authorization", &header)).await.status.as_u16(), status, "{header}");
    }
}

#[tokio::test]
async fn strangers_and_whoever_watches_are_not_counted() {
    let (server, _hand) = limited(1).await;
    let elsewhere = Server::start().await;
    for _ in 0..3 {
        for key in ["", elsewhere.key.as_str()] {
            let header = if key.is_empty() { String::new() } else { format!("Bearer {key}") };
            assert_eq!(told(&server.send(get("/workspace").with("authorization", &header)).await), (401, None, None));
        }
        for path in ["//healthz", "//readyz", "//metrics"] {
            assert_eq!(told(&server.send(get(path)).await), (200, None, None), "{path}");
        }
    }
    assert_eq!(server.send(get("/workspace")).await.status.as_u16(), 200);
    let metrics = server.send(get("//metrics")).await;
    assert!(metrics.text().contains("\nbaton_rate_limited_requests_total 0\n"));
    server.send(get("/workspace")).await.expect(429);
    let metrics = server.send(get("//metrics")).await;
    assert!(metrics.text().contains("\nbaton_rate_limited_requests_total 1\n"));
}

#[tokio::test]
async fn without_a_limit_nothing_is_told() {
    let server = Server::start().await;
    assert_eq!(told(&server.send(get("/workspace")).await), (200, None, None));
}

/// A refused request has done nothing, and its `Idempotency-Key` stays good.
#[tokio::test]
async fn what_is_refused_can_be_asked_again() {
    let (server, hand) = limited(1).await;
    server.send(get("/workspace")).await.expect(200);
    let create: Call = post("/workflows", json!({ "name": "Owls", "stages": [{ "name": "Open" }] })).with("idempotency-key", "k");
    server.send(create.clone()).await.expect(429);
    hand.move_on(60_000);
    let made = server.send(create).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), None);
}
