//! Work on its way to a thread that owns a connection, and the answer on its way back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// One caller's work in a group of works that share a commit.
pub(crate) trait Work: Send {
    /// Runs it, perhaps not for the first time. `false`: nothing of it may stay.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Tells the caller; `Err` where what was done did not become durable.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Nobody waits for the answer any more, so it need not be begun.
    fn is_abandoned(&self) -> bool;
}

/// A work with its result and where the answer goes.
pub(crate) struct Errand<F, T, E> {
    work: F,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Errand<F, T, E> {
    pub fn new(work: F) -> (Errand<F, T, E>, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (Errand { work, result: None, caller }, answer)
    }
}

impl<F, T, E> Work for Errand<F, T, E>
where
    F: FnMut(&mut dyn Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        let result = guarded(|| (self.work)(tx));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let not_run = || Err(E::from(StoreError::Unavailable("the work was not begun".to_owned())));
        let result = match committed {
            Ok(()) => self.result.unwrap_or_else(not_run),
            Err(error) => Err(E::from(error)),
        };
        // A caller who has gone does not want to know.
        drop(self.caller.send(result));
    }

    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }
}

/// A panic in a work is that work's error: the thread and the others' works go on.
pub(crate) fn guarded<T, E: From<StoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = message(&*panic);
        tracing::error!(what, "a work on the store panicked");
        Err(E::from(StoreError::Sql(format!("a fault in Baton: {what}"))))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}
