//! How long a call may take.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::{Failure, Outgoing, Stream};

/// How long nothing may come or go of a file. Whoever is asked may have to look for its first piece, or to keep what it was sent.
const STILL_MAX: Duration = Duration::from_secs(300);

pub(super) enum Limit {
    /// The time that the whole call has.
    Whole { deadline: Instant, after: Duration },
    /// A file takes what it takes, as long as it goes on.
    Still(Pulse),
}

impl Limit {
    pub fn whole(after: Duration) -> Limit {
        Limit::Whole { deadline: Instant::now() + after, after }
    }

    pub fn still() -> Limit {
        Limit::Still(Pulse(Arc::new(Mutex::new(Instant::now()))))
    }

    /// `sent`: whether a byte of the request may have left by the time this is cut off.
    pub async fn hold<T>(&self, sent: bool, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match self {
            Limit::Whole { deadline, after } => {
                let late = |_| Err(Failure::TimedOut { after: *after, sent });
                timeout_at(*deadline, work).await.unwrap_or_else(late)
            }
            Limit::Still(pulse) => pulse.hold(work).await,
        }
    }

    pub fn watch(&self, stream: Box<dyn Stream>) -> Box<dyn Stream> {
        match self {
            Limit::Whole { .. } => stream,
            Limit::Still(pulse) => Box::new(Watched { inner: stream, pulse: pulse.clone() }),
        }
    }

    /// Who waits for its next piece does not wait for the other side.
    pub fn watch_body(&self, body: Outgoing) -> Outgoing {
        match self {
            Limit::Whole { .. } => body,
            Limit::Still(pulse) => Outgoing { source: Box::new(Watched { inner: body.source, pulse: pulse.clone() }), ..body },
        }
    }
}

/// When something last came or went.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn deadline(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) + STILL_MAX
    }

    async fn hold<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut work = pin!(work);
        loop {
            let deadline = self.deadline();
            match timeout_at(deadline, work.as_mut()).await {
                Ok(done) => return done,
                Err(_) if self.deadline() > deadline => {}
                Err(_) => return Err(Failure::StoodStill { after: STILL_MAX }),
            }
        }
    }
}

struct Watched<T> {
    inner: T,
    pulse: Pulse,
}

impl<T> Watched<T> {
    fn seen<R>(&self, outcome: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if outcome.is_ready() {
            self.pulse.beat();
        }
        outcome
    }
}

impl<T: io::Read> io::Read for Watched<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer);
        self.pulse.beat();
        count
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.seen(outcome)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.seen(outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.seen(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
