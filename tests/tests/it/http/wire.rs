//! What only shows on a real connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_engine::KeyScope;
use baton_engine::commands::{api_keys, tasks};
use baton_engine::env::Clock;
use baton_store::{Options, Place};

use super::review::Review;
use super::server::Server;

async fn listen(review: &Review) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, router) = (listener.local_addr().expect("an address"), review.server.router.clone());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's own runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Sends the whole request, then reads all that comes until the connection ends, however it ends.
async fn exchange(address: SocketAddr, request: Vec<u8>) -> String {
    let exchange = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(&request).expect("it takes the whole request");
        let mut answer = Vec::new();
        let mut piece = [0; 64 * 1024];
        while let Ok(length) = stream.read(&mut piece)
            && length > 0
        {
            answer.extend_from_slice(&piece[..length]);
        }
        String::from_utf8(answer).expect("text")
    });
    exchange.await.expect("an answer")
}

fn request(line: &str, key: &str, more: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: baton\r\nConnection: close\r\nX-Request-Id: r1\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_still_reads_why() {
    let review = Review::start().await;
    let address = listen(&review).await;
    let length = 11 * 1024 * 1024;
    let head = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    let mut sent = request(&format!("POST /api/v1{}", review.at("/tasks")), &review.server.key, &head);
    sent.resize(sent.len() + length, b' ');
    let answer = exchange(address, sent).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with(r#"{"errors":["body is larger than 10485760 bytes"]}"#), "{answer}");
}

/// A clock that jumps an hour ahead once it has been looked at so many times.
struct Jumping {
    looks_left: AtomicI64,
}

const START: i64 = 1_790_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        let ahead = if self.looks_left.fetch_sub(1, Ordering::SeqCst) > 0 { 0 } else { HOUR };
        Timestamp::from_micros(START + ahead)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_breaks_off_is_no_well_formed_answer() {
    let clock = Arc::new(Jumping { looks_left: AtomicI64::new(i64::MAX) });
    let review = Review::on(Server::with(Options::new(Place::Memory), clock.clone()).await).await;
    let workflow = review.workflow.clone();
    let fill = move |cx: &mut baton_engine::Cx<'_>| {
        for _ in 0..600 {
            tasks::create_or_update(cx, &workflow, &serde_json::Map::new(), &tasks::Expected::Anything)?;
        }
        Ok(())
    };
    review.server.engine.write(review.server.operator(), fill).await.expect("more than a page");
    let expires_at = Some(Timestamp::from_micros(START + HOUR / 2));
    let new = api_keys::NewKey { name: "Short".to_owned(), scope: KeyScope::default(), expires_at, created_by: None };
    let made = review.server.engine.write(review.server.operator(), move |cx| api_keys::create(cx, &new)).await.expect("a key");
    let address = listen(&review).await;
    let list = || request(&format!("GET /api/v1{}", review.at("/tasks")), &made.secret, "");

    let whole = exchange(address, list()).await;
    assert!(whole.starts_with("HTTP/1.1 200 ") && whole.ends_with("}]\r\n0\r\n\r\n"), "it ends");
    // The first page is read while the key holds, the second when it has expired.
    clock.looks_left.store(1, Ordering::SeqCst);
    let broken = exchange(address, list()).await;
    // How much of it arrives depends on what was sent by then.
    assert!(!broken.contains("]\r\n") && !broken.ends_with("0\r\n\r\n"), "it must not look whole: {broken}");
}
