//! A mail server that keeps what it takes, and says something else to a message where it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    /// What was said to it.
    pub said: String,
}

pub struct MailServer {
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl MailServer {
    /// `say` is asked for each message, with how many came before.
    pub async fn start(say: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> MailServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback is there");
        let address = listener.local_addr().expect("it is bound");
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let (say, kept) = (Arc::new(say), taken.clone());
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (say, kept) = (say.clone(), kept.clone());
                tokio::runtime::Handle::current().spawn(async move {
                    // A client that hangs up ends its session.
                    let _hung_up = session(stream, &kept, &|before| say(before)).await;
                });
            }
        });
        MailServer { address, taken }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("no test has panicked in it").clone()
    }
}

async fn session(stream: TcpStream, kept: &Mutex<Vec<Taken>>, say: &(dyn Fn(usize) -> &'static str + Sync)) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example ready\r\n").await?;
    let mut mail = Taken::default();
    loop {
        let line = line(&mut stream).await?;
        let path = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let said = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
            "EHLO" => "250-mail.example\r\n250 8BITMIME",
            "MAIL" => {
                mail.from = path;
                "250 ok"
            }
            "RCPT" => {
                mail.to.push(path);
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 send it\r\n").await?;
                mail.data = data(&mut stream).await?;
                let mut kept = kept.lock().expect("no test has panicked in it");
                mail.said = say(kept.len()).to_owned();
                kept.push(std::mem::take(&mut mail));
                say(kept.len() - 1)
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        stream.write_all(format!("{said}\r\n").as_bytes()).await?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        match line(stream).await?.as_str() {
            ".\r\n" => return Ok(data),
            other => data.push_str(other.strip_prefix("..").map_or(other.to_owned(), |rest| format!(".{rest}")).as_str()),
        }
    }
}
