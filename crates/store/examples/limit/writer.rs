//! The store's own writer, asked by many callers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use baton_store::{Store, StoreError};
use tokio::task::JoinSet;

use super::execution::{self, Subject};

/// Finished executions per second.
#[expect(clippy::disallowed_methods, reason = "a measurement asks the machine for the time")]
pub async fn measure(store: &Store, subject: Subject, callers: usize, step: usize, time: Duration) -> Result<f64, StoreError> {
    let (start, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let (store, subject, next) = (store.clone(), subject.clone(), next.clone());
        running.spawn(async move {
            let mut done = 0;
            while start.elapsed() < time {
                let task = subject.task(next.fetch_add(1, Ordering::Relaxed), step);
                let accepting = subject.clone();
                let execution = store.write(move |tx| execution::accept(tx, &accepting, task)).await?;
                let running = subject.clone();
                store.write(move |tx| execution::run(tx, &running, execution)).await?;
                done += 1;
            }
            Ok::<usize, StoreError>(done)
        });
    }
    let mut done = 0;
    while let Some(caller) = running.join_next().await {
        done += caller.map_err(|error| StoreError::Sql(error.to_string()))??;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}
