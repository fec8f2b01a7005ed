//! A body that is made piece by piece while it is sent, so that it needs no more memory than a piece.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use baton_engine::Outcome;
use bytes::Bytes;
use futures_core::Stream;
use tracing::{Span, error};

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
pub fn body(first: Bytes, next: Option<Next>) -> Body {
    match next {
        None => Body::from(first),
        next => Body::from_stream(Rest { first: Some(first), next, request: Span::current() }),
    }
}

/// A failure on the way breaks the connection, so that a part is never taken for the whole.
struct Rest {
    first: Option<Bytes>,
    next: Option<Next>,
    /// The request's span: whoever asks for more knows nothing of it.
    request: Span,
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
        let request = self.request.clone();
        let _within = request.enter();
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let outcome = ready!(next.0.as_mut().poll(context));
        self.next = None;
        match outcome {
            Ok((piece, next)) => {
                self.next = next;
                Poll::Ready(Some(Ok(piece)))
            }
            Err(failure) => {
                error!(%failure, "an answer broke off");
                Poll::Ready(Some(Err(BrokeOff)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use baton_core::refusal::Refusal;
    use http_body_util::BodyExt;
    use tracing::{Instrument, error_span};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(line)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The sentence of a refusal may quote what was asked for.
    #[tokio::test(flavor = "current_thread")]
    async fn the_log_tells_whose_answer_broke_off_and_why_without_a_value() {
        let log = Log::default();
        let of_test = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || of_test.clone()).finish();
        let _logged = tracing::subscriber::set_default(lines);

        let refusal = Refusal::InCondition { message: "\"canary\" is not a number".to_owned() };
        let next = Next::new(async { Err(refusal.into()) });
        let answer = async { body(Bytes::from_static(b"["), Some(next)) };
        let mut body = answer.instrument(error_span!("request", request = "asked")).await;
        assert!(body.frame().await.expect("a first piece").is_ok());
        assert_eq!(body.frame().await.expect("an end that is told").expect_err("it is no end").to_string(), "the answer broke off");

        let log = String::from_utf8(log.0.lock().expect("nobody panicked").clone()).expect("text");
        assert!(
            log.contains("request{request=\"asked\"}: ") && log.ends_with("an answer broke off failure=refused: in_condition\n"),
            "{log}"
        );
    }
}
