use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use baton_connect::http::{BadRequest, CALL_TIMEOUT_MAX, Request};
use baton_connect::place::BadUrl;
use bytes::Bytes;
use http::header::HeaderName;
use proptest::prelude::*;

use super::{TIMEOUT, post, request};
use crate::servers::{Names, Server, client, client_with};

#[tokio::test]
async fn a_request_goes_out_as_it_was_given() {
    let (server, requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let url = format!("http://{}/a%20b/../ü?q=1&r=é#part", server.address);
    let headers = [("X-One", "1"), ("x-one", "2"), ("Authorization", "Bearer abc"), ("X-Name", "Zoë")];
    let body = Bytes::from_static(b"{\"a\":1}");
    let request = Request::new("PATCH", &url, &headers, body, TIMEOUT).expect("it is well-formed");
    for _ in 0..2 {
        client().call(&request).await.expect("it is answered");
        let expected = [
            "PATCH /%C3%BC?q=1&r=%C3%A9 HTTP/1.1",
            &format!("host: {}", server.address),
            "user-agent: Baton/0.1.0",
            "accept: */*",
            "x-one: 1",
            "x-one: 2",
            "authorization: Bearer abc",
            "x-name: Zoë",
            "accept-encoding: gzip, deflate",
            "connection: close",
            "content-length: 7",
            "",
            "{\"a\":1}",
        ]
        .join("\r\n");
        assert_eq!(requests.recv().expect("it came"), expected);
    }
}

#[tokio::test]
async fn the_host_is_the_name_that_was_asked_for() {
    let (server, requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let port = server.address.port();
    for (host, expected) in
        [("hook.example", "hook.example"), ("HOOK.example.", "hook.example."), ("bücher.example", "xn--bcher-kva.example")]
    {
        client().call(&request(&format!("http://{host}:{port}/"))).await.expect("it is answered");
        let request = requests.recv().expect("it came");
        assert!(request.contains(&format!("\r\nhost: {expected}:{port}\r\n")), "{request}");
    }
}

#[tokio::test]
async fn a_request_without_a_body_says_so_where_one_is_expected() {
    let (server, requests) = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (method, says) in [("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("HEAD", false), ("DELETE", false)] {
        let request = Request::new(method, &server.url(), &[("User-Agent", "mine")], Bytes::new(), TIMEOUT).expect("it is well-formed");
        client().call(&request).await.expect("it is answered");
        let sent = requests.recv().expect("it came");
        assert!(sent.starts_with(&format!("{method} / HTTP/1.1\r\n")) && sent.ends_with("\r\n\r\n"), "{sent}");
        assert!(sent.contains("user-agent: mine\r\n") && !sent.contains("Baton"), "{sent}");
        assert_eq!(sent.contains("content-length: 0\r\n"), says, "{sent}");
    }
}

#[test]
fn a_bad_request_is_told_before_it_is_sent() {
    let new = |method: &str, url: &str, headers: &[(&str, &str)], timeout| {
        Request::new(method, url, headers, Bytes::new(), timeout).err().expect("it is refused")
    };
    let url = "http://example.com/";
    for method in ["", "CONNECT", "GET POST", "GET\r\nX: y", "GÉT", " GET"] {
        let error = new(method, url, &[], TIMEOUT);
        assert_eq!(error.to_string(), format!("{method:?} is not a method that can be called"));
    }
    for name in ["", "a b", "a:", "a\r\nb", "ä", ":path"] {
        assert_eq!(new("GET", url, &[(name, "v")], TIMEOUT), BadRequest::HeaderName(name.to_owned()));
    }
    for value in ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\u{7f}"] {
        let error = new("GET", url, &[("X-Note", value)], TIMEOUT);
        assert_eq!(error.to_string(), "the header x-note may not have line breaks or other control characters");
    }
    let ours = [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Accept-Encoding",
    ];
    for name in ours {
        let name = name.parse::<HeaderName>().expect("a name");
        assert_eq!(new("GET", url, &[(name.as_str(), "1")], TIMEOUT).to_string(), format!("the header {name} is set by Baton itself"));
    }
    assert_eq!(new("GET", url, &vec![("a", "b"); 101], TIMEOUT), BadRequest::TooManyHeaders);
    assert_eq!(new("GET", url, &[], CALL_TIMEOUT_MAX + Duration::from_secs(1)).to_string(), "a call may take at most 600 s");
    assert_eq!(new("GET", "ftp://example.com/", &[], TIMEOUT), BadRequest::Url(BadUrl::Scheme("ftp".to_owned())));
}

/// What belongs between the pieces of a request, and what looks like it.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = [
        "\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        "\t",
        "\r\nX-Evil: 1\r\n",
        " HTTP/1.1\r\n\r\n",
        "#",
        "?",
        "&",
        "/",
        "\\",
        "%0d%0a",
        "%",
        "..",
        ":",
        "\u{85}",
        "\u{2028}",
        "ß",
        "\u{1f389}",
    ];
    let piece = prop_oneof![3 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}", 1 => any::<String>()];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_value_changes_the_structure(path in nasty(), query in nasty(), header in nasty(), body in nasty()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (server, requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
        let url = format!("{}{path}?{query}", server.url());
        let headers: &[(&str, &str)] = if header.chars().any(char::is_control) { &[] } else { &[("x-note", &header)] };
        let request = Request::new("POST", &url, headers, Bytes::from(body.clone()), TIMEOUT).expect("what a URL may not have is encoded");
        runtime.block_on(client().call(&request)).expect("it is answered");

        let sent = requests.recv().expect("it came");
        let (head, sent_body) = sent.split_once("\r\n\r\n").expect("a head ends");
        prop_assert_eq!(sent_body, body.as_str());
        let mut lines = head.split("\r\n");
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        prop_assert!(matches!(first[..], ["POST", target, "HTTP/1.1"] if target.starts_with('/')), "{}", head);
        let names: Vec<&str> = lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name).filter(|name| *name != "x-note").collect();
        prop_assert_eq!(names, ["host", "user-agent", "accept", "accept-encoding", "connection", "content-length"]);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (elsewhere, _requests) = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Choose"] {
        let answer = format!("HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url());
        let (server, _requests) = Server::answering(answer);
        let answer = post(&server.url()).await.expect("it is answered");
        let failure = answer.failure().expect("it is a failure");
        assert_eq!(failure.to_string(), format!("API call to 127.0.0.1 answered {}", &status[..3]));
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// Run by the test below, in a process whose environment names a proxy.
#[tokio::test]
async fn a_call_through_no_proxy() {
    let (server, requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let client = client_with(&["127.0.0.1"], Names::new(&[&["127.0.0.1"]]), &Default::default());
    client.call(&request(&format!("http://hook.example:{}/", server.address.port()))).await.expect("it is answered");
    assert!(requests.recv().expect("it came").starts_with("POST / HTTP/1.1\r\n"));
}

#[test]
fn proxies_of_the_environment_are_ignored() {
    let proxy = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
    let address = format!("http://{}", proxy.local_addr().expect("it listens"));
    let mut again = Command::new(std::env::current_exe().expect("we run"));
    again.args(["--exact", "http::requests::a_call_through_no_proxy"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, &address);
    }
    let output = again.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    proxy.set_nonblocking(true).expect("it listens");
    assert!(proxy.accept().is_err(), "nobody came");
}
