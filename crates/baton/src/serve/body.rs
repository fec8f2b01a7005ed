//! A request's body that must come in time: a client that sends it drop by drop would hold a connection for ever.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use baton_api::BodyTooSlow;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// For the whole body, or for so much of a large one, from the first moment that there is nothing to read of it.
const BODY_LONGEST: Duration = Duration::from_secs(60);
const BYTES_LEAST: usize = 4 * 1024 * 1024;

pub struct Patient<B> {
    body: B,
    /// Most bodies come along with their head and never need one.
    deadline: Option<Pin<Box<Sleep>>>,
    /// What has come since then.
    come: usize,
}

impl<B> Patient<B> {
    pub fn new(body: B) -> Patient<B> {
        Patient { body, deadline: None, come: 0 }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for Patient<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                self.come += frame.data_ref().map_or(0, Bytes::len);
            }
            if self.come >= BYTES_LEAST {
                (self.deadline, self.come) = (None, 0);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(BODY_LONGEST)));
        let too_slow = BodyTooSlow { seconds: BODY_LONGEST.as_secs() };
        deadline.as_mut().poll(context).map(|()| Some(Err(too_slow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::{Instant, Interval, interval_at};

    use super::*;

    /// A body that gives so many bytes each second, for so many seconds.
    struct Dripping {
        bytes: usize,
        left: u64,
        next: Interval,
    }

    impl Body for Dripping {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            std::task::ready!(self.next.poll_tick(context));
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(vec![b'x'; self.bytes].into()))))
        }
    }

    fn dripping(bytes: usize, seconds: u64) -> Patient<Dripping> {
        let second = Duration::from_secs(1);
        Patient::new(Dripping { bytes, left: seconds, next: interval_at(Instant::now() + second, second) })
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_a_minute_and_no_more() {
        assert_eq!(dripping(1, 59).collect().await.expect("in time").to_bytes().len(), 59);
        let error = dripping(1, 62).collect().await.expect_err("too slow");
        assert_eq!(error.downcast_ref::<BodyTooSlow>().expect("its own error").to_string(), "body did not come within 60 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_one_has_as_long_as_it_goes_on() {
        let second = BYTES_LEAST / 50;
        assert_eq!(dripping(second, 200).collect().await.expect("it goes on").to_bytes().len(), 200 * second);
        assert!(dripping(BYTES_LEAST / 70, 200).collect().await.is_err());
    }
}
