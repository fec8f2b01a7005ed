//! A long answer, taken piece by piece.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

/// Longer than any piece may take; only a server that hangs meets it.
const PIECE_LONGEST: Duration = Duration::from_secs(60);
/// The last chunk of a JSON array that came whole.
const END: &[u8] = b"]\r\n0\r\n\r\n";

pub struct Stream {
    connection: TcpStream,
    /// The last bytes that came.
    tail: Vec<u8>,
}

impl Stream {
    /// Asks for an array; the server closes the connection after it.
    pub fn open(address: &str, api_key: &str, path: &str) -> Outcome<Stream> {
        let mut connection = TcpStream::connect(address)?;
        connection.set_read_timeout(Some(PIECE_LONGEST))?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {api_key}\r\nConnection: close\r\n\r\n");
        connection.write_all(head.as_bytes())?;
        Ok(Stream { connection, tail: Vec::new() })
    }

    /// How many bytes came, those between chunks among them; 0 after the last of a whole answer.
    pub fn read(&mut self, buffer: &mut [u8]) -> Outcome<usize> {
        loop {
            match self.connection.read(buffer) {
                Ok(0) if self.tail.ends_with(END) => return Ok(0),
                Ok(0) => return Err(format!("the answer broke off after {:?}", String::from_utf8_lossy(&self.tail)).into()),
                Ok(length) => {
                    self.tail.extend_from_slice(&buffer[length.saturating_sub(END.len())..length]);
                    let surplus = self.tail.len().saturating_sub(END.len());
                    self.tail.drain(..surplus);
                    return Ok(length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
