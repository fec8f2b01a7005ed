//! What only shows on a real connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_api::ApiOptions;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_engine::commands::{api_keys, definitions, tasks, workspaces};
use baton_engine::env::{Clock, Entropy};
use baton_engine::{Ask, Credential, Engine, EngineOptions, KeyScope, Surroundings};
use baton_store::{Options, Place, Store};
use serde_json::{Map, json};
use tokio::net::TcpListener;

use super::http::Connections;

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

/// A workflow, served.
struct Site {
    engine: Engine,
    clock: Arc<Jumping>,
    operator: Ask,
    workflow: String,
    key: String,
    address: SocketAddr,
    _connections: Connections,
}

impl Site {
    async fn start() -> Site {
        let clock = Arc::new(Jumping { looks_left: AtomicI64::new(i64::MAX) });
        let store = Store::open(Options::new(Place::Memory)).expect("memory");
        let options = EngineOptions::new("http://x", 1, Id::new(0, 1));
        let engine = Engine::new(store, Surroundings::bare(clock.clone(), Entropy::from_system()), options);
        let operator = Ask { credential: Credential::Operator { workspace: engine.fresh_id() }, request: None };
        let new = workspaces::NewWorkspace {
            name: "Acme".to_owned(),
            admin_email: "ada@example.com".to_owned(),
            admin_password: None,
            time_zone: "UTC".to_owned(),
        };
        let key = engine.write(operator.clone(), move |cx| workspaces::create(cx, &new)).await.expect("a workspace").api_key;
        let document = json!({ "name": "Reviews", "fields": [{ "name": "Title", "type": "text" }], "stages": [{ "name": "Open" }] });
        let saved = engine.write(operator.clone(), move |cx| definitions::create(cx, &document)).await.expect("a workflow");

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let connections = Connections::serve(listener, baton_api::router(engine.clone(), ApiOptions::default()), 10);
        Site { engine, clock, operator, workflow: saved.workflow.to_string(), key, address, _connections: connections }
    }

    fn request(&self, method: &str, key: &str, more: &str) -> Vec<u8> {
        let path = format!("/api/v1/workflows/{}/tasks", self.workflow);
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: r1\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
            .into_bytes()
    }

    /// Sends the whole request, then reads all that comes until the connection ends, however it ends.
    async fn exchange(&self, request: Vec<u8>) -> String {
        let address = self.address;
        let exchange = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("it listens");
            stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it is not zero");
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
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_still_reads_why() {
    let site = Site::start().await;
    let unknown = Site::start().await.key.clone();
    for (key, length, status, told) in
        [(&site.key, 11 * 1024 * 1024, 413, "body is larger than 10485760 bytes"), (&unknown, 9 * 1024 * 1024, 401, "API key is unknown")]
    {
        let mut sent = site.request("POST", key, &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"));
        sent.resize(sent.len() + length, b' ');
        let answer = site.exchange(sent).await;
        let (begin, end) = (format!("HTTP/1.1 {status} "), json!({ "errors": [told] }).to_string());
        assert!(answer.starts_with(&begin) && answer.ends_with(&end), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_its_limits() {
    let site = Site::start().await;
    for (more, status) in [
        (format!("X-Long: {}\r\n", "x".repeat(60_000)), 200),
        (format!("X-Long: {}\r\n", "x".repeat(200_000)), 431),
        ("X-Many: x\r\n".repeat(96), 200),
        ("X-Many: x\r\n".repeat(97), 431),
    ] {
        let answer = site.exchange(site.request("GET", &site.key, &more)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(200_000));
    assert!(site.exchange(path.into_bytes()).await.starts_with("HTTP/1.1 4"), "it is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_breaks_off_is_no_well_formed_answer() {
    let site = Site::start().await;
    let workflow = site.workflow.clone();
    let fill = move |cx: &mut baton_engine::Cx<'_>| {
        for _ in 0..600 {
            tasks::create_or_update(cx, &workflow, &Map::new(), &tasks::Expected::Anything)?;
        }
        Ok(())
    };
    site.engine.write(site.operator.clone(), fill).await.expect("more than a page");
    let expires_at = Some(Timestamp::from_micros(START + HOUR / 2));
    let new = api_keys::NewKey { name: "Short".to_owned(), scope: KeyScope::default(), expires_at, created_by: None };
    let made = site.engine.write(site.operator.clone(), move |cx| api_keys::create(cx, &new)).await.expect("a key");
    let list = || site.request("GET", &made.secret, "");

    let whole = site.exchange(list()).await;
    assert!(whole.starts_with("HTTP/1.1 200 ") && whole.ends_with("}]\r\n0\r\n\r\n"), "it ends");
    // The first page is read while the key holds, the second when it has expired.
    site.clock.looks_left.store(1, Ordering::SeqCst);
    let broken = site.exchange(list()).await;
    // How much of it arrives depends on what was sent by then.
    assert!(!broken.contains("]\r\n") && !broken.ends_with("0\r\n\r\n"), "it must not look whole: {broken}");
}
