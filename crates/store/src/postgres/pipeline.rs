//! Statements that are on their way. They are sent one behind the other without waiting, which saves a way there and back
//! for each; PostgreSQL answers in the same order.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio_postgres::Error;

use super::error::{Failure, Kind};
use crate::StoreError;

#[derive(Default)]
pub(super) struct Pipeline(VecDeque<Sent>);

struct Sent {
    answer: Pin<Box<dyn Future<Output = Result<u64, Error>>>>,
    /// What it means when not exactly one row was touched.
    unless_one: Option<StoreError>,
}

impl Pipeline {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether an answer is still to be looked at that may fail the work though PostgreSQL is content.
    pub fn has_conditions(&self) -> bool {
        self.0.iter().any(|sent| sent.unless_one.is_some())
    }

    pub fn push(&mut self, answer: impl Future<Output = Result<u64, Error>> + 'static, unless_one: Option<StoreError>) {
        let mut answer: Pin<Box<dyn Future<Output = Result<u64, Error>>>> = Box::pin(answer);
        match send(answer.as_mut()) {
            None => {}
            // Only what could not be sent at all is answered at once.
            Some(answered) => answer = Box::pin(std::future::ready(answered)),
        }
        self.0.push_back(Sent { answer, unless_one });
    }

    /// Waits for all that was sent; the first failure counts, for the others follow from it.
    pub async fn settle(&mut self) -> Result<(), Failure> {
        let mut settled = Ok(());
        for sent in self.0.drain(..) {
            let answer = match (sent.answer.await, sent.unless_one) {
                (Err(error), _) => Err(Failure::new(&error)),
                (Ok(1), _) | (Ok(_), None) => Ok(()),
                (Ok(_), Some(otherwise)) => Err(Failure { error: otherwise, kind: Kind::Other }),
            };
            settled = settled.and(answer);
        }
        settled
    }
}

/// The first step of a request writes it into the queue of its connection; the others wait for the answer.
pub(super) fn send<T>(request: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    match request.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answered) => Some(answered),
        Poll::Pending => None,
    }
}
