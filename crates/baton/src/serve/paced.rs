//! A connection whose client must take what it asked for: one that reads drop by drop would hold an answer, and what
//! was read for it, for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

/// How long a client may take for [`BYTES_LEAST`], or for what is left of an answer.
const LONGEST: Duration = Duration::from_secs(30);
const BYTES_LEAST: usize = 64 * 1024;

pub struct Paced<I> {
    io: I,
    /// Runs from the first moment that the client takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
    /// What has gone since then.
    gone: usize,
}

impl<I> Paced<I> {
    pub fn new(io: I) -> Paced<I> {
        Paced { io, deadline: None, gone: 0 }
    }

    fn written(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(bytes)) if self.deadline.is_some() => {
                self.gone += bytes;
                if self.gone >= BYTES_LEAST {
                    self.relax();
                }
                outcome
            }
            Poll::Ready(_) => outcome,
            Poll::Pending => self.wait(context).map(Err),
        }
    }

    fn flushed(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        match outcome {
            Poll::Ready(_) => {
                self.relax();
                outcome
            }
            Poll::Pending => self.wait(context).map(Err),
        }
    }

    fn relax(&mut self) {
        self.deadline = None;
        self.gone = 0;
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(LONGEST)));
        deadline.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl<I: Read + Unpin> Read for Paced<I> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<I: Write + Unpin> Write for Paced<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, bytes);
        self.written(context, outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, pieces);
        self.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(context);
        self.flushed(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{Instant, Interval, interval_at};

    use super::*;

    /// A client that takes so many bytes, each time after so many seconds.
    struct Client {
        bytes: usize,
        /// `None`: at once.
        next: Option<Interval>,
    }

    impl Client {
        fn that_takes(bytes: usize, seconds: u64) -> Paced<Client> {
            let period = Duration::from_secs(seconds);
            let next = (seconds > 0).then(|| interval_at(Instant::now() + period, period));
            Paced::new(Client { bytes, next })
        }
    }

    impl Write for Client {
        fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if let Some(next) = &mut self.next {
                std::task::ready!(next.poll_tick(context));
            }
            Poll::Ready(Ok(bytes.len().min(self.bytes)))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn send(to: &mut Paced<Client>, mut left: usize) -> io::Result<()> {
        let bytes = vec![0; left];
        while left > 0 {
            left -= poll_fn(|context| Pin::new(&mut *to).poll_write(context, &bytes[..left])).await?;
        }
        poll_fn(|context| Pin::new(&mut *to).poll_flush(context)).await
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_too_slowly_is_cut_off() {
        for (bytes, seconds, length, taken) in [
            (0x10000, 29, 0x100000, true),
            (0x8000, 14, 0x100000, true),
            // The last piece may be small.
            (0x10000, 29, 0x10001, true),
            (1, 29, 100, false),
            (0x8000, 20, 0x100000, false),
            (0x10000, 31, 1, false),
        ] {
            let outcome = send(&mut Client::that_takes(bytes, seconds), length).await;
            assert_eq!(
                outcome.map_err(|error| error.kind()),
                if taken { Ok(()) } else { Err(io::ErrorKind::TimedOut) },
                "{bytes} in {seconds} s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_its_own_time() {
        let mut client = Client::that_takes(10, 20);
        for _ in 0..5 {
            send(&mut client, 10).await.expect("it is taken");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_timer_is_made_where_everything_is_taken_at_once() {
        let mut client = Client::that_takes(1, 0);
        send(&mut client, 100).await.expect("it is taken");
        assert!(client.deadline.is_none());
    }
}
