use std::future::pending;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_connect::guard::{Resolve, Resolving};
use baton_connect::http::{Answer, CallError, Failure, Request};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{TIMEOUT, failure, request};
use crate::servers::tls::Authority;
use crate::servers::{Server, client, client_with, read_request};

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").expect("the loopback is there").local_addr().expect("it listens");
    let error = failure(&client(), &format!("http://{free}/")).await;
    assert_eq!(error.to_string(), "API call to 127.0.0.1 could not connect");
    assert!(matches!(&error.failure, Failure::NoConnection { detail } if detail.contains("refused")), "{:?}", error.failure);
    assert!(!error.failure.may_have_been_sent());
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let halves: &[&[u8]] = &[
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
    ];
    for half in halves {
        let (server, _requests) = Server::answering(*half);
        let error = failure(&client(), &server.url()).await;
        assert_eq!(error.to_string(), "API call to 127.0.0.1 ended without a whole answer", "{}", String::from_utf8_lossy(half));
        assert!(error.failure.may_have_been_sent());
    }
}

#[tokio::test]
async fn what_is_not_http_is_told() {
    let head_too_long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(1_000_000));
    let answers: &[&[u8]] = &[
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"\x16\x03\x01\x00\x05hello",
        head_too_long.as_bytes(),
    ];
    for answer in answers {
        let (server, _requests) = Server::answering(*answer);
        let error = failure(&client(), &server.url()).await;
        assert!(error.to_string().starts_with("API call to 127.0.0.1 gave an answer that cannot be read: "), "{error}");
        assert!(error.failure.may_have_been_sent());
    }
}

/// Calls, and lets the clock run once the other side has seen what it waits for: from then on the call can only run out of time.
pub(super) async fn until_late(call: impl Future<Output = Result<Answer, CallError>>, seen: oneshot::Receiver<()>) -> CallError {
    let clock = async {
        seen.await.expect("the other side sees it");
        tokio::time::pause();
        pending::<()>().await;
    };
    tokio::select! {
        outcome = call => outcome.map(|answer| answer.status).expect_err("it is late"),
        () = clock => unreachable!("the clock runs for ever"),
    }
}

/// Says so once `until` has happened on the first connection, and then hangs: it keeps all connections.
pub(super) fn hanging(mut until: impl FnMut(&mut std::net::TcpStream) + Send + 'static) -> (Server, oneshot::Receiver<()>) {
    let (happened, seen) = oneshot::channel();
    let mut happened = Some(happened);
    let mut kept = Vec::new();
    let server = Server::new(move |mut stream| {
        until(&mut stream);
        kept.push(stream);
        if let Some(happened) = happened.take() {
            let _ = happened.send(());
        }
    });
    (server, seen)
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    let starts = ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\n"];
    for start in starts {
        let (server, seen) = hanging(move |stream| {
            read_request(stream);
            stream.write_all(start.as_bytes()).expect("the caller waits");
        });
        let error = until_late(client().call(&request(&server.url())), seen).await;
        tokio::time::resume();
        assert_eq!(error.to_string(), "API call to 127.0.0.1 timed out after 30 s", "{start}");
        assert!(error.failure.may_have_been_sent());
    }
}

#[tokio::test]
async fn a_failed_status_stands_when_its_body_hangs() {
    let (server, seen) = hanging(|stream| {
        read_request(stream);
        stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\nbusy\n").expect("the caller waits");
    });
    let request = request(&server.url());
    let clock = async {
        seen.await.expect("the answer is on its way");
        tokio::time::pause();
        pending::<()>().await;
    };
    let client = client();
    let answer = tokio::select! {
        answer = client.call(&request) => answer,
        () = clock => unreachable!("the clock runs for ever"),
    };
    let failure = answer.expect("it is answered").failure().expect("it is a failure");
    assert!(failure.to_string().starts_with("API call to 127.0.0.1 answered 503"), "{failure}");
}

#[tokio::test]
async fn a_server_that_is_silent_about_tls_could_not_be_connected_to() {
    let (server, seen) = hanging(|_| ());
    let client = client_with(&["127.0.0.0/8"], crate::servers::Names::new(&[&["127.0.0.1"]]), &Authority::new().roots());
    let error = until_late(client.call(&request(&format!("https://{}/", server.address))), seen).await;
    assert_eq!(error.to_string(), "API call to 127.0.0.1 could not connect");
    assert!(!error.failure.may_have_been_sent());
}

/// Never answers, and says that it was asked.
struct Silent(Mutex<Option<oneshot::Sender<()>>>);

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let asked = self.0.lock().expect("nobody panics here").take();
        Box::pin(async move {
            let _ = asked.map(|asked| asked.send(()));
            pending().await
        })
    }
}

#[tokio::test]
async fn a_resolver_that_is_silent_is_left() {
    for (timeout, expected) in [(TIMEOUT, "could not connect"), (Duration::from_secs(3), "timed out after 3 s")] {
        let (asked, seen) = oneshot::channel();
        let client = client_with(&[], Arc::new(Silent(Mutex::new(Some(asked)))), &Default::default());
        let request = Request::new("POST", "http://silent.example/", &[], Bytes::new(), timeout).expect("it is well-formed");
        let error = until_late(client.call(&request), seen).await;
        tokio::time::resume();
        assert_eq!(error.to_string(), format!("API call to silent.example {expected}"));
        assert!(!error.failure.may_have_been_sent());
    }
}
