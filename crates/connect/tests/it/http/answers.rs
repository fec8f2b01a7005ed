use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use baton_connect::http::{ANSWER_BYTES_MAX, Answer, Failure};
use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::{failure, post, request, response};
use crate::servers::{Server, client, read_request};

async fn answer(bytes: Vec<u8>) -> Answer {
    let (server, _requests) = Server::answering(bytes);
    post(&server.url()).await.unwrap_or_else(|error| panic!("{error}: {:?}", error.failure))
}

async fn error(bytes: Vec<u8>) -> String {
    let (server, _requests) = Server::answering(bytes);
    let error = post(&server.url()).await.map(|answer| answer.status).expect_err("the call fails");
    assert!(error.failure.may_have_been_sent());
    error.to_string()
}

fn packed(mut encoder: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).expect("memory does not fail");
    bytes
}

fn gzip(body: &[u8]) -> Vec<u8> {
    packed(GzEncoder::new(body, Compression::best()))
}

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let ok = answer(response("200 OK\r\nContent-Type: application/json", b"{\"task\":{}}")).await;
    assert_eq!((ok.status, ok.content_type.as_deref(), &ok.body[..]), (200, Some("application/json"), &b"{\"task\":{}}"[..]));
    assert!(ok.failure().is_none());

    let chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n";
    assert_eq!(&answer(chunked.to_vec()).await.body[..], b"abcde");
    let until_the_end = b"HTTP/1.1 200 OK\r\n\r\nall of it";
    assert_eq!(&answer(until_the_end.to_vec()).await.body[..], b"all of it");
    let after_a_hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(answer(after_a_hint.to_vec()).await.status, 204);
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_waited_for() {
    let server = Server::new(|mut stream| {
        read_request(&mut stream);
        for byte in response("200 OK", b"slow") {
            let _ = stream.write_all(&[byte]).and_then(|()| stream.flush());
        }
    });
    assert_eq!(&post(&server.url()).await.expect("it is answered").body[..], b"slow");
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let text = b"{\"task\":{\"Name\":\"Zo\xc3\xab\"}}".repeat(50);
    let halves = [gzip(&text[..10]), gzip(&text[10..])].concat();
    let bodies = [
        ("gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("identity, gzip", gzip(&text)),
        ("gzip", halves),
        ("deflate", packed(ZlibEncoder::new(&text[..], Compression::fast()))),
        ("deflate", packed(DeflateEncoder::new(&text[..], Compression::fast()))),
        ("identity", text.clone()),
        ("", text.clone()),
    ];
    for (encoding, body) in bodies {
        let answer = answer(response(&format!("200 OK\r\nContent-Encoding: {encoding}"), &body)).await;
        assert_eq!(&answer.body[..], text, "{encoding}");
    }
    let empty = answer(b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n".to_vec()).await;
    assert!(empty.body.is_empty());
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told() {
    let cut = &gzip(b"some text that was cut")[..20];
    for (encoding, body) in [("gzip", cut), ("gzip", b"not packed at all"), ("deflate", &b"\x78\x9c\xff\xff\xff"[..])] {
        let error = error(response(&format!("200 OK\r\nContent-Encoding: {encoding}"), body)).await;
        assert!(error.starts_with("API call to 127.0.0.1 gave an answer that cannot be read: "), "{error}");
    }
    for encoding in ["br", "zstd", "gzip, gzip", "gzip, br"] {
        let error = error(response(&format!("200 OK\r\nContent-Encoding: {encoding}"), b"?")).await;
        let why = format!("its encoding is {encoding}, asked for was gzip or deflate");
        assert_eq!(error, format!("API call to 127.0.0.1 gave an answer that cannot be read: {why}"));
    }
}

#[tokio::test]
async fn an_answer_has_its_limit() {
    const TOO_LONG: &str = "API call to 127.0.0.1 answered more than 1 MiB";
    let most = vec![b'a'; ANSWER_BYTES_MAX];
    let more = vec![b'a'; ANSWER_BYTES_MAX + 1];
    let packed_as_gzip = "200 OK\r\nContent-Encoding: gzip";
    assert_eq!(answer(response("200 OK", &most)).await.body.len(), ANSWER_BYTES_MAX);
    assert_eq!(answer(response(packed_as_gzip, &gzip(&most))).await.body.len(), ANSWER_BYTES_MAX);
    assert_eq!(error(response("200 OK", &more)).await, TOO_LONG);
    assert_eq!(error(response(packed_as_gzip, &gzip(&more))).await, TOO_LONG);
    // A thousand times as large once unpacked. Its end is missing: whoever unpacked it all would complain of that instead.
    let bomb = gzip(&vec![0; 300 * ANSWER_BYTES_MAX]);
    let bomb = &bomb[..bomb.len() / 2];
    assert!(bomb.len() < ANSWER_BYTES_MAX);
    assert_eq!(error(response(packed_as_gzip, bomb)).await, TOO_LONG);
}

#[tokio::test]
async fn who_takes_more_gets_more_and_no_more_than_that() {
    let client = client().taking(2 * ANSWER_BYTES_MAX);
    let most = vec![b'a'; 2 * ANSWER_BYTES_MAX];
    let more = vec![b'a'; 2 * ANSWER_BYTES_MAX + 1];
    for (head, most, more) in [("200 OK", most.clone(), more.clone()), ("200 OK\r\nContent-Encoding: gzip", gzip(&most), gzip(&more))] {
        let (server, _requests) = Server::answering(response(head, &most));
        assert_eq!(client.call(&request(&server.url())).await.map(|answer| answer.body.len()).ok(), Some(2 * ANSWER_BYTES_MAX));
        let (server, _requests) = Server::answering(response(head, &more));
        let error = failure(&client, &server.url()).await;
        assert_eq!(error.to_string(), "API call to 127.0.0.1 answered more than 2 MiB");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    for (status, expected) in [("200 OK", "answered more than 1 MiB"), ("500 No", "answered 500: aaaa")] {
        let server = Server::new(move |mut stream| {
            read_request(&mut stream);
            let _ = write!(stream, "HTTP/1.1 {status}\r\n\r\n");
            while stream.write_all(b"aaaa\n").is_ok() {}
        });
        let said = match post(&server.url()).await {
            Ok(answer) => answer.failure().expect("it is a failure"),
            Err(error) => error,
        };
        assert_eq!(said.to_string(), format!("API call to 127.0.0.1 {expected}"));
    }
}

#[tokio::test]
async fn a_failed_answer_tells_its_first_line() {
    let long = "ä".repeat(300);
    let bodies: &[(&str, &[u8], &str)] = &[
        ("503 Unavailable", b"Down for\tmaintenance\nuntil noon", "503: Down for maintenance"),
        ("404 Not Found", b"", "404"),
        ("400 Bad", b"\r\n  \n  indented  \r\nmore", "400: indented"),
        ("500 Oops", b"\xff\xfe\x1b[31mred", "500: \u{fffd}\u{fffd} [31mred"),
        ("422 No", long.as_bytes(), &format!("422: {}", "ä".repeat(200))),
        ("302 Found", b"moved", "302: moved"),
        ("599 Odd", b"x", "599: x"),
        ("999 Odder", b"x", "999: x"),
    ];
    for (status, body, expected) in bodies {
        let answer = answer(response(status, body)).await;
        let failure = answer.failure().expect("it is a failure");
        assert_eq!(failure.to_string(), format!("API call to 127.0.0.1 answered {expected}"));
        assert!(matches!(failure.failure, Failure::Answered { status, .. } if status == answer.status));
        assert!(failure.failure.may_have_been_sent());
    }
}

/// Its body only explains it, and may be broken in every way.
#[tokio::test]
async fn a_failed_status_stands_whatever_its_body_is() {
    let bodies = [
        (b"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nbusy\nnow".to_vec(), "503: busy"),
        (response("503 No\r\nContent-Encoding: br", b"\x01\x02"), "503"),
        (response("503 No\r\nContent-Encoding: gzip", &gzip(b"busy\n")[..24]), "503: busy"),
        (response("503 No\r\nContent-Encoding: gzip", &gzip(&b"busy\n".repeat(ANSWER_BYTES_MAX))), "503: busy"),
    ];
    for (bytes, expected) in bodies {
        let failure = answer(bytes).await.failure().expect("it is a failure");
        assert_eq!(failure.to_string(), format!("API call to 127.0.0.1 answered {expected}"));
    }
}

#[tokio::test]
async fn a_server_says_when_to_come_back() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let values = [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
        ("99999999999", None),
        ("", None),
    ];
    for (value, seconds) in values {
        let answer = answer(response(&format!("429 Slow\r\nRetry-After: {value}"), b"")).await;
        assert_eq!(answer.retry_after(now), seconds.map(Duration::from_secs), "{value:?}");
    }
    assert_eq!(answer(response("503 No", b"")).await.retry_after(now), None);
}
