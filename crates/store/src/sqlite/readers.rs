//! Connections that read. A reader is used on the caller's own thread: a look-up takes microseconds, and handing it to
//! another thread and back would take more.

use std::path::Path;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{connection, read_in};
use crate::{StoreError, Tx};

pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// As many permits as connections: who has one finds a connection.
    free: Semaphore,
}

impl Readers {
    pub fn open(path: &Path, count: usize) -> Result<Readers, StoreError> {
        let idle: Result<Vec<Connection>, StoreError> = (0..count).map(|_| connection::open_reader(path)).collect();
        Ok(Readers { idle: Mutex::new(idle?), free: Semaphore::new(count) })
    }

    /// Waits for a free connection without holding up the thread.
    pub async fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let permit = self.free.acquire().await.map_err(|_| closed())?;
        let connection = self.idle.lock().pop().ok_or_else(closed)?;
        let result = read_in(&connection, work);
        self.idle.lock().push(connection);
        drop(permit);
        result
    }

    pub fn close(&self) {
        self.free.close();
        self.idle.lock().clear();
    }
}
