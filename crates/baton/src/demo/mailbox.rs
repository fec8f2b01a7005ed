//! A mailbox for everybody: it takes every e-mail over SMTP, and keeps the last.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Of all that one connection says.
const SESSION_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
}

/// Takes e-mails until it is dropped.
pub struct Mailbox {
    pub address: SocketAddr,
    last: Last,
    _serving: JoinSet<()>,
}

type Last = Arc<watch::Sender<Option<Mail>>>;

impl Mailbox {
    pub async fn open() -> std::io::Result<Mailbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let last = Arc::new(watch::Sender::new(None));
        let mut serving = JoinSet::new();
        serving.spawn(take_all(listener, Arc::clone(&last)));
        Ok(Mailbox { address, last, _serving: serving })
    }

    pub fn last(&self) -> Option<Mail> {
        self.last.borrow().clone()
    }
}

async fn take_all(listener: TcpListener, last: Last) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while sessions.try_join_next().is_some() {}
        // Who hangs up has sent nothing that counts.
        sessions.spawn(session(stream, Arc::clone(&last)));
    }
}

/// As much SMTP as it takes to be handed a message.
async fn session(stream: TcpStream, last: Last) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read.take(SESSION_BYTES_MAX)).lines();
    let mut mail = Mail::default();
    write.write_all(b"220 demo.example\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" | "HELO" => "250 demo.example",
            "MAIL" => {
                mail = Mail { from: path(&line), ..Mail::default() };
                "250 go on"
            }
            "RCPT" => {
                mail.to.push(path(&line));
                "250 go on"
            }
            "DATA" => {
                write.write_all(b"354 until a dot alone\r\n").await?;
                // The sender holds the last lines back until it knows that the first have come; the system would let it wait.
                #[cfg(target_os = "linux")]
                write.as_ref().set_quickack(true)?;
                let mut message = Vec::new();
                loop {
                    match lines.next_line().await? {
                        None => return Ok(()),
                        Some(line) if line == "." => break,
                        Some(line) => message.push(line.strip_prefix('.').map_or(line.clone(), str::to_owned)),
                    }
                }
                let (subject, text) = (subject(&message), text(&message));
                last.send_replace(Some(Mail { subject, text, ..std::mem::take(&mut mail) }));
                "250 taken"
            }
            "NOOP" => "250 well",
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 not here",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// `MAIL FROM:<ada@example.com>`
fn path(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

/// As it came: what is not ASCII stays encoded.
fn subject(message: &[String]) -> String {
    let head = message.iter().take_while(|line| !line.is_empty());
    head.filter_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned).next().unwrap_or_default()
}

/// The part for who reads plain text, which Baton writes first and in quoted-printable.
fn text(message: &[String]) -> String {
    let part = message.iter().skip_while(|line| !line.starts_with("Content-Type: text/plain")).skip_while(|line| !line.is_empty()).skip(1);
    let encoded: Vec<&str> = part.take_while(|line| !line.starts_with("--=_")).map(String::as_str).collect();
    let decoded = quoted_printable::decode(encoded.join("\r\n"), quoted_printable::ParseMode::Robust).unwrap_or_default();
    String::from_utf8_lossy(&decoded).replace("\r\n", "\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_part_is_read_and_the_other_is_not() {
        let message = "Subject: R-1 is approved\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_baton\"\r\n\r\n\
                       --=_baton\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                       F=C3=BCr 12=\r\n0 EUR\r\n--\r\nOtto\r\n\r\n--=_baton\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>no</p>\r\n";
        let lines: Vec<String> = message.lines().map(str::to_owned).collect();
        assert_eq!((subject(&lines).as_str(), text(&lines).as_str()), ("R-1 is approved", "Für 120 EUR\n--\nOtto"));
    }
}
