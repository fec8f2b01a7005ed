use std::io::Write;
use std::sync::mpsc::{Receiver, channel};

use baton_connect::http::{Client, Failure};
use baton_connect::tls::Roots;

use super::{failure, request};
use crate::servers::tls::{Authority, over_tls};
use crate::servers::{Names, Server, client_with, read_request};

/// What a client said: the name it asked for (SNI), the protocols it offers, and the request.
type Heard = (Option<String>, Option<Vec<u8>>, String);

fn server(authority: &Authority, names: &[&str]) -> (Server, Receiver<Heard>) {
    let config = authority.server(names);
    let (heard, hears) = channel();
    let server = Server::new(move |stream| {
        let mut stream = over_tls(&config, stream);
        let request = read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        let name = stream.conn.server_name().map(str::to_owned);
        let _ = heard.send((name, stream.conn.alpn_protocol().map(<[u8]>::to_vec), request));
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    (server, hears)
}

fn client(roots: &Roots) -> Client {
    client_with(&["127.0.0.0/8"], Names::new(&[&["127.0.0.1"]]), roots)
}

#[tokio::test]
async fn a_server_that_is_vouched_for_is_believed() {
    let authority = Authority::new();
    let (server, heard) = server(&authority, &["hook.example", "127.0.0.1"]);
    let port = server.address.port();
    let cases = [
        ("hook.example", Some("hook.example"), "hook.example"),
        ("hook.example.", Some("hook.example"), "hook.example."),
        ("127.0.0.1", None, "127.0.0.1"),
    ];
    for (host, name, header) in cases {
        let answer = client(&authority.roots()).call(&request(&format!("https://{host}:{port}/in"))).await;
        assert_eq!(answer.map(|answer| answer.status).unwrap_or_else(|error| panic!("{:?}", error.failure)), 204);
        let (found, _, request) = heard.recv().expect("it came");
        assert_eq!(found.as_deref(), name);
        assert!(request.starts_with(&format!("POST /in HTTP/1.1\r\nhost: {header}:{port}\r\n")), "{request}");
    }
}

/// Not a byte of the request reaches a server that nobody vouches for, or for another name.
#[tokio::test]
async fn a_server_that_is_not_vouched_for_hears_nothing() {
    let authority = Authority::new();
    let (server, heard) = server(&authority, &["hook.example"]);
    let port = server.address.port();
    let cases = [
        (authority.roots(), "other.example"),
        (Authority::new().roots(), "hook.example"),
        (Roots::default(), "hook.example"),
        (authority.roots(), "127.0.0.1"),
    ];
    for (roots, host) in cases {
        let error = failure(&client(&roots), &format!("https://{host}:{port}/")).await;
        assert_eq!(error.to_string(), format!("API call to {host} could not connect"));
        assert!(matches!(&error.failure, Failure::NoConnection { detail } if detail.contains("certificate")), "{:?}", error.failure);
        assert!(!error.failure.may_have_been_sent());
        assert_eq!(heard.recv().expect("it came").2, "");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_connected_to() {
    let server = Server::new(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    let error = failure(&client(&Authority::new().roots()), &format!("https://hook.example:{}/", server.address.port())).await;
    assert_eq!(error.to_string(), "API call to hook.example could not connect");
    assert!(!error.failure.may_have_been_sent());
}

/// Machines keep theirs in different places, or have none; reading them never fails.
#[test]
fn the_machines_own_authorities_can_be_read() {
    assert!(Client::new(crate::servers::guard(&[], Names::new(&[&[]])), &Roots::of_the_machine()).is_ok());
}
