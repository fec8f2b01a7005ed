//! Somebody to call: one thread that answers every request alike, as fast as it can, or never.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::Outcome;

/// What is asked here is answered never.
pub const HANGS: &str = "/hangs";
pub const ANSWERS: &str = "/answers";
/// The answer sets this field.
pub const FIELD: &str = "Note";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"task\":{\"Note\":\"called\"}}";
const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;

pub struct Receiver {
    pub address: String,
    hanging: Arc<AtomicUsize>,
}

impl Receiver {
    /// It answers until the process ends.
    pub fn start() -> Outcome<Receiver> {
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let address = listener.local_addr()?.to_string();
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let hanging = Arc::new(AtomicUsize::new(0));
        let mut serving = Serving { poll, listener, connections: Vec::new(), free: Vec::new(), hanging: Arc::clone(&hanging) };
        thread::spawn(move || {
            if let Err(error) = serving.run() {
                eprintln!("error: the receiver of calls: {error}");
            }
        });
        Ok(Receiver { address, hanging })
    }

    /// Requests that have come and are answered never.
    pub fn hanging(&self) -> usize {
        self.hanging.load(Ordering::Relaxed)
    }
}

struct Serving {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    /// Places of connections that have ended.
    free: Vec<usize>,
    hanging: Arc<AtomicUsize>,
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Serving {
    fn run(&mut self) -> Outcome {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(number) => self.read(number),
                }
            }
        }
    }

    fn accept(&mut self) -> Outcome {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let number = self.free.pop().unwrap_or(self.connections.len());
            self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            let connection = Some(Connection { stream, input: Vec::new() });
            match self.connections.get_mut(number) {
                Some(place) => *place = connection,
                None => self.connections.push(connection),
            }
        }
    }

    fn read(&mut self, number: usize) {
        let Some(Some(connection)) = self.connections.get_mut(number) else { return };
        if connection.serve(&self.hanging).is_err() {
            self.connections[number] = None;
            self.free.push(number);
        }
    }
}

impl Connection {
    /// An error is the connection's end.
    fn serve(&mut self, hanging: &AtomicUsize) -> std::io::Result<()> {
        let mut piece = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.input.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        while let Some((hangs, length)) = request(&self.input) {
            self.input.drain(..length);
            if hangs {
                hanging.fetch_add(1, Ordering::Relaxed);
            } else {
                // It is small, and whoever asked has read everything before it.
                self.stream.write_all(ANSWER)?;
            }
        }
        Ok(())
    }
}

/// Whether it hangs and how long it is, once all of it has come.
fn request(bytes: &[u8]) -> Option<(bool, usize)> {
    let head_length = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_length]).ok()?;
    let fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, value)| value.trim().parse().ok());
    let length = head_length + 4 + length.unwrap_or(0);
    let hangs = head.split(' ').nth(1) == Some(HANGS);
    (bytes.len() >= length).then_some((hangs, length))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;
    use crate::http::Client;

    #[test]
    fn it_answers_where_it_should_and_hangs_where_it_should() {
        let receiver = Receiver::start().expect("a port is free");
        let mut client = Client::new(&receiver.address, "key");
        for length in [0, 100_000] {
            let answer = client.post(ANSWERS, &"x".repeat(length)).expect("it answers").expect(200).expect("JSON");
            assert_eq!(answer["task"][FIELD], "called");
        }
        let address = receiver.address.clone();
        thread::spawn(move || drop(Client::new(&address, "key").post(HANGS, "{}")));
        clock::wait_for("the call that hangs", Duration::from_secs(60), || Ok((receiver.hanging() == 1).then_some(()))).expect("it comes");
    }
}
