//! A mail server that takes what comes, or refuses it as it is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustls::ServerConfig;

use super::Server;
use super::tls::over_tls;

/// What was taken, as it came.
#[derive(Default)]
pub struct Taken {
    pub hello: String,
    pub account: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
    pub over_tls: bool,
}

/// How to greet, and what to say to a command instead of taking it. The message itself is the command `.`.
pub type Reply = Box<dyn FnMut(&str) -> Option<&'static str> + Send>;

pub struct Settings {
    pub reply: Reply,
    pub starttls: Option<Arc<ServerConfig>>,
    pub tls: Option<Arc<ServerConfig>>,
}

pub fn taking_all() -> Settings {
    replying(|_| None)
}

pub fn replying(reply: impl FnMut(&str) -> Option<&'static str> + Send + 'static) -> Settings {
    Settings { reply: Box::new(reply), starttls: None, tls: None }
}

pub fn start(settings: Settings) -> (Server, Receiver<Taken>) {
    let (takes, taken) = channel();
    let Settings { mut reply, starttls, tls } = settings;
    let server = Server::new(move |mut stream: TcpStream| {
        if let Some(config) = &tls {
            let mut session = Session { takes: &takes, reply: &mut reply, starttls: false, over_tls: true };
            return session.run(&mut over_tls(config, stream), true).map_or((), drop);
        }
        let mut session = Session { takes: &takes, reply: &mut reply, starttls: starttls.is_some(), over_tls: false };
        let goes_on = session.run(&mut stream, true) == Some(Next::Tls);
        if let Some(config) = starttls.as_ref().filter(|_| goes_on) {
            session.starttls = false;
            session.over_tls = true;
            session.run(&mut over_tls(config, stream), false);
        }
    });
    (server, taken)
}

struct Session<'a> {
    takes: &'a Sender<Taken>,
    reply: &'a mut Reply,
    starttls: bool,
    over_tls: bool,
}

#[derive(PartialEq)]
enum Next {
    Tls,
}

impl Session<'_> {
    fn run(&mut self, stream: &mut (impl Read + Write), greets: bool) -> Option<Next> {
        let mut taken = Taken { over_tls: self.over_tls, ..Taken::default() };
        if greets {
            let greeting = (self.reply)("").unwrap_or("220 mail.example ready");
            write!(stream, "{greeting}\r\n").ok()?;
        }
        loop {
            let line = line(stream)?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let said = match (self.reply)(&line) {
                Some(said) => said,
                None => self.take(stream, &verb, &line, &mut taken)?,
            };
            write!(stream, "{said}\r\n").and_then(|()| stream.flush()).ok()?;
            match verb.as_str() {
                "STARTTLS" if said.starts_with("220") => return Some(Next::Tls),
                "QUIT" => return None,
                _ => {}
            }
        }
    }

    fn take(&mut self, stream: &mut (impl Read + Write), verb: &str, line: &str, taken: &mut Taken) -> Option<&'static str> {
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match verb {
            "EHLO" => {
                taken.hello = line[5..].to_owned();
                return Some(if self.starttls {
                    "250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME"
                } else {
                    "250-mail.example\r\n250-AUTH PLAIN\r\n250 8BITMIME"
                });
            }
            "STARTTLS" => return Some("220 go ahead"),
            "AUTH" => taken.account = Some(line["AUTH PLAIN ".len()..].to_owned()),
            "MAIL" => taken.from = path(),
            "RCPT" => taken.to.push(path()),
            "DATA" => {
                write!(stream, "354 send it\r\n").and_then(|()| stream.flush()).ok()?;
                while !taken.data.ends_with(b"\r\n.\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).ok()?;
                    taken.data.push(byte[0]);
                }
                if let Some(said) = (self.reply)(".") {
                    return Some(said);
                }
                let _ = self.takes.send(std::mem::take(taken));
            }
            "RSET" | "NOOP" => {}
            "QUIT" => return Some("221 bye"),
            _ => return Some("502 what?"),
        }
        Some(if verb == "AUTH" { "235 welcome" } else { "250 ok" })
    }
}

fn line(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
