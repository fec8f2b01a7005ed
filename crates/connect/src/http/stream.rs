//! Bodies that nobody holds as a whole: a file that goes out, and an answer that is written where it belongs while it comes.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::Failure;

const PIECE_BYTES: usize = 64 * 1024;

/// What is read from a file while it is sent. Reading may block: it is for a program that does nothing else meanwhile.
pub struct Outgoing {
    pub(super) source: Box<dyn Read + Send>,
    /// How much it is, where that is known.
    pub(super) length: Option<u64>,
}

impl Outgoing {
    pub fn new(source: impl Read + Send + 'static, length: Option<u64>) -> Outgoing {
        Outgoing { source: Box::new(source), length }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut piece = vec![0; PIECE_BYTES];
        Poll::Ready(match self.source.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(Frame::data(piece.into())))
            }
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Takes a piece of an answer; an error ends it.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> io::Result<()> + Send);

pub(super) async fn pour(mut incoming: Incoming, sink: Sink<'_>) -> Result<(), Failure> {
    while let Some(frame) = incoming.frame().await {
        if let Ok(data) = frame?.into_data() {
            sink(&data).map_err(|error| Failure::Unreadable(format!("it can't be written: {error}")))?;
        }
    }
    Ok(())
}
