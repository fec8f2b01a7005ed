//! An HTTP server that keeps what it gets and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub method: String,
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

pub enum Said {
    /// These bytes, whatever they are, and the end of the connection.
    Bytes(Vec<u8>),
    /// The same, once [`Receiver::release`] was called.
    Held(Vec<u8>),
}

pub fn answer(status: u16, content_type: &str, body: &str) -> Said {
    Said::Bytes(bytes(status, &format!("Content-Type: {content_type}\r\n"), body.as_bytes()))
}

pub fn bytes(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    released: watch::Sender<bool>,
}

impl Receiver {
    /// `say` is asked with each request, and how many came to its path before.
    pub async fn start(say: impl Fn(&Got, usize) -> Said + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback is there");
        let address = listener.local_addr().expect("it is bound");
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let (released, wait) = watch::channel(false);
        let (say, kept) = (Arc::new(say), got.clone());
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (say, kept, wait) = (say.clone(), kept.clone(), wait.clone());
                tokio::runtime::Handle::current().spawn(serve(stream, kept, wait, move |got, before| say(got, before)));
            }
        });
        Receiver { address, got, released }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no test has panicked in it").clone()
    }

    pub fn got_at(&self, path: &str) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.path == path).collect()
    }

    pub fn release(&self) {
        self.released.send_replace(true);
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Got>>>, mut wait: watch::Receiver<bool>, say: impl Fn(&Got, usize) -> Said) {
    let Some(got) = read(&mut stream).await else { return };
    let said = {
        let mut kept = kept.lock().expect("no test has panicked in it");
        let before = kept.iter().filter(|earlier| earlier.path == got.path).count();
        kept.push(got.clone());
        say(&got, before)
    };
    let bytes = match said {
        Said::Bytes(bytes) => bytes,
        Said::Held(bytes) => {
            let _ended = wait.wait_for(|released| *released).await;
            bytes
        }
    };
    // Whoever has left does not hear it.
    let _gone = stream.write_all(&bytes).await;
    let _gone = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Got> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().expect("a length"));
    while bytes.len() < head_end + 4 + length {
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    Some(Got { method, path, headers, body: String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned() })
}
