//! Many connections, one thread, one epoll.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::http::Answer;
use crate::{Outcome, clock};

/// Longer than anything here takes; only a server that hangs meets it.
const SILENCE_LONGEST: Duration = Duration::from_secs(60);
const BUFFER_BYTES: usize = 16 * 1024;

/// What the connections do. A script knows them by their numbers, from 0.
pub trait Script {
    /// A connection has nothing to do, or its wait is over.
    fn next(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn;
    fn answered(&mut self, connection: usize, answer: &Answer<'_>, now: Instant, out: &mut Vec<u8>) -> Outcome<Turn>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// What was appended to `out` goes out; its answer is awaited.
    Send,
    WaitUntil(Instant),
    /// This connection is done for good.
    Stop,
}

/// Runs the script on `connections` connections until all have stopped.
pub fn drive(address: &str, connections: usize, script: &mut dyn Script) -> Outcome {
    let mut driver = Driver::connect(address, connections)?;
    for number in 0..connections {
        driver.next(script, number)?;
    }
    let mut events = Events::with_capacity(connections.max(1));
    while driver.active > 0 {
        driver.poll.poll(&mut events, Some(driver.timeout()))?;
        if events.is_empty() && driver.timers.is_empty() {
            return Err(format!("no answer within {SILENCE_LONGEST:?}").into());
        }
        for event in &events {
            driver.ready(script, event.token().0, event.is_readable(), event.is_writable())?;
        }
        driver.wake(script)?;
    }
    Ok(())
}

struct Driver {
    poll: Poll,
    connections: Vec<Connection>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Connections that have not stopped.
    active: usize,
}

struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    asks_for_writable: bool,
}

impl Driver {
    fn connect(address: &str, count: usize) -> Outcome<Driver> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(count);
        for number in 0..count {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            connections.push(Connection {
                stream,
                out: Vec::new(),
                written: 0,
                input: vec![0; BUFFER_BYTES],
                filled: 0,
                asks_for_writable: false,
            });
        }
        Ok(Driver { poll, connections, timers: BinaryHeap::new(), active: count })
    }

    fn timeout(&self) -> Duration {
        self.timers.peek().map_or(SILENCE_LONGEST, |Reverse((due, _))| due.saturating_duration_since(clock::now()))
    }

    fn wake(&mut self, script: &mut dyn Script) -> Outcome {
        while let Some(&Reverse((due, number))) = self.timers.peek() {
            if due > clock::now() {
                break;
            }
            self.timers.pop();
            self.next(script, number)?;
        }
        Ok(())
    }

    fn next(&mut self, script: &mut dyn Script, number: usize) -> Outcome {
        let turn = script.next(number, clock::now(), &mut self.connections[number].out);
        self.take(number, turn)
    }

    fn ready(&mut self, script: &mut dyn Script, number: usize, readable: bool, writable: bool) -> Outcome {
        if writable && self.connections[number].asks_for_writable {
            self.flush(number)?;
        }
        if readable && self.connections[number].read()? {
            let Connection { input, filled, out, .. } = &mut self.connections[number];
            let Some(answer) = Answer::parse(&input[..*filled])? else { return Ok(()) };
            if answer.length != *filled {
                return Err("more was answered than was asked for".into());
            }
            let turn = script.answered(number, &answer, clock::now(), out)?;
            *filled = 0;
            self.take(number, turn)?;
        }
        Ok(())
    }

    fn take(&mut self, number: usize, turn: Turn) -> Outcome {
        match turn {
            Turn::Send => self.flush(number)?,
            Turn::WaitUntil(due) => self.timers.push(Reverse((due, number))),
            Turn::Stop => self.active -= 1,
        }
        Ok(())
    }

    fn flush(&mut self, number: usize) -> Outcome {
        let connection = &mut self.connections[number];
        let all = connection.write()?;
        if all == connection.asks_for_writable {
            connection.asks_for_writable = !all;
            let interest = if all { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
            self.poll.registry().reregister(&mut connection.stream, Token(number), interest)?;
        }
        Ok(())
    }
}

impl Connection {
    /// True once everything is out.
    fn write(&mut self) -> Outcome<bool> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(true)
    }

    /// True when bytes came. A read that does not fill the buffer has emptied the socket, and what comes later raises
    /// another event: asking until `WouldBlock` would double the system calls.
    fn read(&mut self) -> Outcome<bool> {
        let before = self.filled;
        loop {
            if self.filled == self.input.len() {
                self.input.resize(self.input.len() * 2, 0);
            }
            let room = self.input.len() - self.filled;
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(length) => {
                    self.filled += length;
                    if length < room {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.filled > before),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
