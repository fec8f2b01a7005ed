//! A server on this machine that steps call, and that answers as the test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, channel};

use crate::site::PATIENCE;

pub struct Receiver {
    pub url: String,
    requests: Channel<Request>,
}

pub struct Request {
    head: String,
    pub body: String,
    stream: TcpStream,
}

impl Receiver {
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let (came, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if came.send(Request::read(stream.expect("a connection"))).is_err() {
                    return;
                }
            }
        });
        Receiver { url, requests }
    }

    /// The next request, which waits for its answer.
    pub fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("a request comes")
    }
}

impl Request {
    fn read(mut stream: TcpStream) -> Request {
        stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a whole head");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("text");
        let mut request = Request { head, body: String::new(), stream };
        let mut body = vec![0; request.header("content-length").map_or(0, |length| length.parse().expect("a length"))];
        request.stream.read_exact(&mut body).expect("the length that was said");
        request.body = String::from_utf8(body).expect("text");
        request
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All that came, as a careless server puts it into its error.
    pub fn echo(&self) -> String {
        format!("{}{}", self.head.replace("\r\n", " "), self.body)
    }

    pub fn answer(mut self, status: u16, body: &str) {
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        self.stream.write_all(format!("{head}{body}").as_bytes()).expect("the caller listens");
    }
}
