//! A request's body that must come in time: a client that sends it drop by drop would hold a connection for ever.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

/// For the whole body, from the first moment that there is nothing to read of it.
const BODY_LONGEST: Duration = Duration::from_secs(60);

pub struct Patient {
    body: Incoming,
    /// Most bodies come along with their head and never need one.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub fn new(body: Incoming) -> Patient {
        Patient { body, deadline: None }
    }
}

#[derive(Debug)]
struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body did not come within {} s", BODY_LONGEST.as_secs())
    }
}

impl std::error::Error for TooSlow {}

impl Body for Patient {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(BODY_LONGEST)));
        deadline.as_mut().poll(context).map(|()| Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
