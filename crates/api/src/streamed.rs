//! A body that is made piece by piece while it is sent, so that it needs no more memory than a piece.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use baton_engine::Outcome;
use bytes::Bytes;
use futures_core::Stream;
use tracing::error;

/// A piece, and the one behind it, if there is one.
pub type Piece = (Bytes, Option<Next>);

/// The piece that comes next.
pub struct Next(Pin<Box<dyn Future<Output = Outcome<Piece>> + Send>>);

impl Next {
    pub fn new(piece: impl Future<Output = Outcome<Piece>> + Send + 'static) -> Next {
        Next(Box::pin(piece))
    }
}

/// `first` is there already, for it decides the status.
pub fn body(first: Bytes, next: Option<Next>, request_id: &str) -> Body {
    match next {
        None => Body::from(first),
        next => Body::from_stream(Rest { first: Some(first), next, request_id: request_id.to_owned() }),
    }
}

/// A failure on the way breaks the connection, so that a part is never taken for the whole.
struct Rest {
    first: Option<Bytes>,
    next: Option<Next>,
    request_id: String,
}

/// Only hyper meets it; the log has the reason.
#[derive(Debug)]
struct BrokeOff;

impl fmt::Display for BrokeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer broke off")
    }
}

impl std::error::Error for BrokeOff {}

impl Stream for Rest {
    type Item = Result<Bytes, BrokeOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let outcome = ready!(next.0.as_mut().poll(context));
        self.next = None;
        match outcome {
            Ok((piece, next)) => {
                self.next = next;
                Poll::Ready(Some(Ok(piece)))
            }
            Err(failure) => {
                error!(request = self.request_id, ?failure, "an answer broke off");
                Poll::Ready(Some(Err(BrokeOff)))
            }
        }
    }
}
