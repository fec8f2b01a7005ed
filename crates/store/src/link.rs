//! What lies between a node and its store, for simulations: it can delay and lose what passes, and sees every statement.

use std::pin::Pin;
use std::sync::Arc;

use crate::queue::Whose;
use crate::{Store, StoreError, Tx};

pub type Crossing<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

pub trait Link: Send + Sync {
    /// Before a transaction. An error is told, and nothing happens.
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>>;
}

/// One transaction on its way.
pub trait Passage: Send + Sync {
    /// The transaction as the node's statements meet it.
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a>;
    /// The node wants to commit; `false` rolls back.
    fn commits(&self) -> bool;
    /// What the node is told: the result, unless this is an error.
    fn close(&self) -> Crossing<'_, ()>;
}

/// Why a work was rolled back.
enum Undone<T, E> {
    /// By the link, which may tell the node otherwise.
    Lost(T),
    Refused(E),
    Store(StoreError),
}

impl<T, E> From<StoreError> for Undone<T, E> {
    fn from(error: StoreError) -> Undone<T, E> {
        Undone::Store(error)
    }
}

pub(crate) async fn write<T, E>(
    store: &Store,
    link: &Arc<dyn Link>,
    whose: Whose,
    mut work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let passage = link.open(Access::Write).await?;
    let of_work = passage.clone();
    let through = move |tx: &mut dyn Tx| match work(&mut *of_work.tx(tx)) {
        Ok(done) if of_work.commits() => Ok(done),
        Ok(done) => Err(Undone::Lost(done)),
        Err(error) => Err(Undone::Refused(error)),
    };
    let ended = store.write_here(whose, through).await;
    passage.close().await?;
    match ended {
        Ok(done) | Err(Undone::Lost(done)) => Ok(done),
        Err(Undone::Refused(error)) => Err(error),
        Err(Undone::Store(error)) => Err(error.into()),
    }
}

pub(crate) async fn read<T, E>(
    store: &Store,
    link: &Arc<dyn Link>,
    whose: Whose,
    work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let passage = link.open(Access::Read).await?;
    let of_work = passage.clone();
    let done = store.read_here(whose, move |tx| work(&mut *of_work.tx(tx))).await;
    passage.close().await?;
    done
}
