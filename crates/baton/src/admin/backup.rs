//! A backup on its way from the running server to the command that writes it: the file is the command's, and so are its owner and its
//! mode. What goes over the socket is frames, each with its kind and length; the last says how it ended.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use baton_engine::Engine;
use baton_store::backup::{Copied, Progress};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::Reply;

/// A command that stands still must not hold the store's view of that moment for ever.
const WRITE_LONGEST: Duration = Duration::from_secs(60);
/// Progress is told so often.
const ROWS_A_NOTE: u64 = 10_000;
const FRAME_BYTES_MAX: u32 = 1 << 20;

/// How a backup has ended, or the sentences of a refusal.
type Ending = Result<Ended, Vec<String>>;

#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    schema: i64,
    rows: u64,
}

const DATA: u8 = 1;
const PROGRESS: u8 = 2;
const END: u8 = 3;

/// The server's end. Blocks for as long as the copy takes.
pub fn send(engine: &Engine, stream: UnixStream, runtime: &Handle) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(WRITE_LONGEST))?;
    let (mut notes, mut last) = (stream.try_clone()?, stream.try_clone()?);
    let mut told = 0;
    let progress = move |progress: Progress| {
        if progress.done < told + ROWS_A_NOTE {
            return;
        }
        told = progress.done;
        let numbers = [progress.done.to_be_bytes(), progress.of.to_be_bytes()].concat();
        // Where nobody listens any more, the data will say so.
        drop(frame(&mut notes, PROGRESS, &numbers));
    };
    let copied = runtime.block_on(engine.back_up(Frames(stream), progress));
    let ending: Ending = copied.map(|Copied { schema, rows }| Ended { schema, rows }).map_err(|error| vec![error.to_string()]);
    frame(&mut last, END, &serde_json::to_vec(&ending).map_err(io::Error::other)?)
}

/// Why a copy that came ended before its end.
pub enum Broken {
    Server(io::Error),
    /// What takes it here does not.
    Out(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Server(error)
    }
}

/// The command's end: hands on what comes.
pub fn receive(
    mut stream: UnixStream,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<Result<Copied, Vec<String>>, Broken> {
    let mut bytes = Vec::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        if head[0] == b'{' {
            return Ok(refused(&head, stream)?);
        }
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > FRAME_BYTES_MAX {
            return Err(invalid());
        }
        bytes.resize(length as usize, 0);
        stream.read_exact(&mut bytes)?;
        match (kind, bytes.as_slice()) {
            (DATA, data) => out.write_all(data).map_err(Broken::Out)?,
            (PROGRESS, numbers) => progress(read_progress(numbers).ok_or_else(invalid)?),
            (END, ending) => {
                let ending: Ending = serde_json::from_slice(ending).map_err(io::Error::other)?;
                if ending.is_ok() {
                    // Stdout keeps something back, and at the end of the program nobody could be told any more.
                    out.flush().map_err(Broken::Out)?;
                }
                return Ok(ending.map(|Ended { schema, rows }| Copied { schema, rows }));
            }
            _ => return Err(invalid()),
        }
    }
}

fn invalid() -> Broken {
    Broken::Server(io::ErrorKind::InvalidData.into())
}

/// The usual answer of a server that does not begin, which is JSON.
fn refused(head: &[u8], stream: UnixStream) -> io::Result<Result<Copied, Vec<String>>> {
    match serde_json::from_reader(head.chain(stream)).map_err(io::Error::other)? {
        Reply::Err(sentences) => Ok(Err(sentences)),
        Reply::Ok(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn read_progress(numbers: &[u8]) -> Option<Progress> {
    let (done, of) = numbers.split_at_checked(8)?;
    Some(Progress { done: u64::from_be_bytes(done.try_into().ok()?), of: u64::from_be_bytes(of.try_into().ok()?) })
}

fn frame(stream: &mut UnixStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&[kind][..], &length.to_be_bytes(), bytes].concat())
}

struct Frames(UnixStream);

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(FRAME_BYTES_MAX as usize)];
        frame(&mut self.0, DATA, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
