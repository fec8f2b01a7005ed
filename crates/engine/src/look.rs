//! A look at the store that anybody may ask for, as often as they like. It goes before all callers, so that it tells something also where
//! those wait in line; and however many ask, one look at a time is made.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_store::StoreError;
use tokio::sync::Mutex;

pub(crate) struct Look<T> {
    begun: AtomicU64,
    turn: Mutex<Turn<T>>,
}

struct Turn<T> {
    /// The newest, and what it has found.
    last: Option<(u64, Result<T, StoreError>)>,
    under_way: Option<(u64, Looking<T>)>,
}

type Looking<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

impl<T> Default for Look<T> {
    fn default() -> Look<T> {
        Look { begun: AtomicU64::new(0), turn: Mutex::new(Turn { last: None, under_way: None }) }
    }
}

impl<T: Clone> Look<T> {
    /// What a look has found that began after it was asked for.
    pub async fn found(&self, look: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Result<T, StoreError> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut turn = self.turn.lock().await;
        // Whoever began it may have gone away, but what the store was asked stays in its queue: so nobody fills that by asking and going.
        turn.end().await;
        if let Some((number, found)) = &turn.last
            && *number > begun
        {
            return found.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let (_, look) = turn.under_way.insert((number, Box::pin(look)));
        let found = look.await;
        *turn = Turn { last: Some((number, found.clone())), under_way: None };
        found
    }
}

impl<T> Turn<T> {
    async fn end(&mut self) {
        if let Some((number, look)) = &mut self.under_way {
            self.last = Some((*number, look.await));
            self.under_way = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Poll;

    use tokio::sync::Semaphore;

    use super::*;

    /// Looks that each wait until they may, and tell how many there were before.
    struct Looks {
        look: Arc<Look<u64>>,
        may: Arc<Semaphore>,
        made: Arc<AtomicU64>,
    }

    impl Looks {
        fn new() -> Looks {
            Looks { look: Arc::default(), may: Arc::new(Semaphore::new(0)), made: Arc::default() }
        }

        fn ask(&self) -> impl Future<Output = Result<u64, StoreError>> + use<> {
            let (look, may, made) = (self.look.clone(), self.may.clone(), self.made.clone());
            async move {
                let looks = async move {
                    may.acquire().await.expect("it is never closed").forget();
                    Ok(made.fetch_add(1, Ordering::SeqCst))
                };
                look.found(looks).await
            }
        }

        /// Asks, and goes on as far as it can.
        async fn begin(&self) -> Pin<Box<impl Future<Output = Result<u64, StoreError>> + use<>>> {
            let mut asked = Box::pin(self.ask());
            assert!(std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await.is_pending());
            asked
        }
    }

    #[tokio::test]
    async fn those_who_ask_while_one_looks_share_the_next() {
        let looks = Looks::new();
        let mut asked = Vec::new();
        for _ in 0..5 {
            asked.push(looks.begin().await);
        }
        looks.may.add_permits(2);
        let mut found = Vec::new();
        for ask in asked {
            found.push(ask.await);
        }
        assert_eq!(found, [0, 1, 1, 1, 1].map(Ok));
        // Whoever comes later is told nothing old.
        looks.may.add_permits(1);
        assert_eq!(looks.ask().await, Ok(2));
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_one_look_and_no_more() {
        let looks = Looks::new();
        for _ in 0..5 {
            drop(looks.begin().await);
        }
        looks.may.add_permits(9);
        assert_eq!(looks.ask().await, Ok(1), "after the one under way comes one for all");
    }
}
