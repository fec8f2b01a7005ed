//! Servers that do as they are told, on threads of their own: whatever they do wrong is theirs alone.

pub mod smtp;
pub mod tls;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use baton_connect::guard::{Guard, Resolve, Resolving, network};
use baton_connect::http::Client;
use baton_connect::tls::Roots;

/// Listens, and gives each connection to `serve`.
pub struct Server {
    pub address: SocketAddr,
    /// Who has come, in the order that they came.
    peers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Server {
    pub fn new(serve: impl FnMut(TcpStream) + Send + 'static) -> Server {
        Server::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), serve)
    }

    pub fn at(address: SocketAddr, mut serve: impl FnMut(TcpStream) + Send + 'static) -> Server {
        let listener = TcpListener::bind(address).expect("the loopback is there");
        let address = listener.local_addr().expect("it listens");
        let peers = Arc::new(Mutex::new(Vec::new()));
        let came = Arc::clone(&peers);
        thread::spawn(move || {
            while let Ok((stream, peer)) = listener.accept() {
                came.lock().expect("no holder panics").push(peer);
                serve(stream);
            }
        });
        Server { address, peers }
    }

    /// Answers every request with `answer` and closes; hands out the requests as they came.
    pub fn answering(answer: impl Into<Vec<u8>>) -> (Server, Receiver<String>) {
        let answer = answer.into();
        let (requests, received) = channel();
        let server = Server::new(move |mut stream| {
            let _ = requests.send(read_request(&mut stream));
            let _ = stream.write_all(&answer);
        });
        (server, received)
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many have come, since the start or since this was asked. Connections are taken in their order, so once one made here has
    /// been, those before it have been too.
    pub fn connections(&self) -> usize {
        let last = TcpStream::connect(self.address).and_then(|stream| stream.local_addr()).expect("it listens");
        loop {
            let mut peers = self.peers.lock().expect("no holder panics");
            if peers.last() == Some(&last) {
                return peers.drain(..).len() - 1;
            }
            drop(peers);
            thread::yield_now();
        }
    }
}

/// Head and body, as the bytes came.
pub fn read_request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body has the length that was said");
    bytes.extend(body);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives each name the answers in turn; the last one for ever.
pub struct Names {
    answers: Vec<Vec<IpAddr>>,
    pub asked: AtomicUsize,
}

impl Names {
    pub fn new(answers: &[&[&str]]) -> Arc<Names> {
        let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect();
        Arc::new(Names { answers: answers.iter().map(addresses).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[turn].clone()) })
    }
}

pub fn guard(allow: &[&str], resolver: Arc<dyn Resolve>) -> Guard {
    Guard::new(allow.iter().map(|text| network(text).expect("a network")).collect(), resolver)
}

/// May reach the servers of these tests.
pub fn client() -> Client {
    client_with(&["127.0.0.0/8"], Names::new(&[&["127.0.0.1"]]), &Roots::default())
}

pub fn client_with(allow: &[&str], resolver: Arc<dyn Resolve>, roots: &Roots) -> Client {
    Client::new(guard(allow, resolver), roots).expect("the roots are read")
}
