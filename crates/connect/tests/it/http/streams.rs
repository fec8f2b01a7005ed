//! Files, which take what they take as long as they go on.

use std::future::pending;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use baton_connect::http::Outgoing;

use super::failures::{hanging, until_late};
use super::request;
use crate::servers::{Server, client, read_request};

/// So short that a file goes on, so long that two of them are more than it may stand still.
const A_WHILE: Duration = Duration::from_secs(200);

#[tokio::test]
async fn a_server_that_takes_or_gives_nothing_more_is_left() {
    let (server, seen) = hanging(|stream| {
        read_request(stream);
    });
    let error = until_late(client().upload(&request(&server.url()), Outgoing::new(&b"Name\n"[..], Some(5))), seen).await;
    assert_eq!(error.to_string(), "API call to 127.0.0.1 stood still for 300 s");
    assert!(error.failure.may_have_been_sent());
    tokio::time::resume();

    let (server, seen) = hanging(|stream| {
        read_request(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").expect("the caller waits");
    });
    let error = until_late(client().download(&request(&server.url()), &mut |_| Ok(())), seen).await;
    assert_eq!(error.to_string(), "API call to 127.0.0.1 stood still for 300 s");
}

/// Lets others work until it is so, and the clock stand meanwhile: it only runs where nobody has anything to do.
async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_that_comes_piece_by_piece_comes_whole() {
    const PIECES: usize = 5;
    let (next, asked_for) = channel::<()>();
    let server = Server::new(move |mut stream| {
        read_request(&mut stream);
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {PIECES}\r\n\r\n").as_bytes()).expect("the caller waits");
        while asked_for.recv().is_ok() {
            stream.write_all(b"x").expect("the caller waits");
        }
    });
    let come = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&come);
    let mut sink = move |piece: &[u8]| {
        count.fetch_add(piece.len(), Ordering::SeqCst);
        Ok(())
    };
    let pieces = async {
        for number in 1..=PIECES {
            next.send(()).expect("the server waits");
            until(|| come.load(Ordering::SeqCst) == number).await;
            if number == 1 {
                tokio::time::pause();
            }
            tokio::time::advance(A_WHILE).await;
        }
        pending().await
    };
    let (client, request) = (client(), request(&server.url()));
    let answer = tokio::select! {
        answer = client.download(&request, &mut sink) => answer,
        never = pieces => never,
    };
    assert_eq!(answer.expect("it goes on").status, 200);
}

#[tokio::test]
async fn a_file_that_goes_piece_by_piece_goes_whole() {
    // More than lies on the way.
    const PIECE: usize = 16 << 20;
    const PIECES: usize = 4;
    let (next, asked_for) = channel::<()>();
    let server = Server::new(move |mut stream| {
        let (mut head, mut piece) = (Vec::new(), vec![0; PIECE]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut piece[..1]).expect("the caller sends");
            head.push(piece[0]);
        }
        for _ in 0..PIECES {
            asked_for.recv().expect("the test goes on");
            stream.read_exact(&mut piece).expect("the caller sends");
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("the caller waits");
    });
    let gone = Arc::new(AtomicUsize::new(0));
    let source = Counted { gone: Arc::clone(&gone), left: PIECE * PIECES };
    let pieces = async {
        for number in 1..PIECES {
            let before = gone.load(Ordering::SeqCst);
            next.send(()).expect("the server waits");
            until(|| gone.load(Ordering::SeqCst) > before).await;
            if number == 1 {
                tokio::time::pause();
            }
            tokio::time::advance(A_WHILE).await;
        }
        tokio::time::resume();
        next.send(()).expect("the server waits");
        pending().await
    };
    let (client, request) = (client(), request(&server.url()));
    let answer = tokio::select! {
        answer = client.upload(&request, Outgoing::new(source, Some((PIECE * PIECES) as u64))) => answer,
        never = pieces => never,
    };
    assert_eq!(answer.expect("it goes on").status, 200);
}

struct Counted {
    gone: Arc<AtomicUsize>,
    left: usize,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.left);
        self.left -= count;
        self.gone.fetch_add(count, Ordering::SeqCst);
        Ok(count)
    }
}
