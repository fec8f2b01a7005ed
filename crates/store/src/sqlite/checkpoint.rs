//! Moving the WAL into the database, beside the writer: a commit need not wait for it.
//!
//! What is moved while the writer goes on leaves the newest commits in the WAL, so under a lasting load the WAL would
//! only grow. When it has become large the writer moves the rest itself, which is little, and begins the WAL anew.

use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};
use rusqlite::Connection;

use super::connection;
use crate::StoreError;

/// Pages in the WAL for each time that the thread moves them.
const STEP_PAGES: i32 = 1000;
/// Pages in the WAL that make the writer itself move what is left: 32 MiB.
const WAL_PAGES_MAX: i32 = 8000;

/// Lets the commits of `writer` wake a thread that checkpoints. The thread ends when that connection is closed.
pub(super) fn start(path: &Path, writer: &mut Connection) -> Result<JoinHandle<()>, StoreError> {
    let connection = connection::open_checkpointer(path)?;
    let (wake, woken) = bounded::<()>(1);
    let refused = |what: String| StoreError::Refused(format!("{} {what}", path.display()));
    writer.wal_hook(Some(after_commits(wake))).map_err(|error| refused(format!("has no checkpoints: {error}")))?;
    let run = move || {
        for () in woken {
            checkpoint(&connection);
        }
    };
    let spawned = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(run);
    spawned.map_err(|error| refused(format!("has no thread for checkpoints: {error}")))
}

fn after_commits(wake: Sender<()>) -> impl FnMut(&mut rusqlite::hooks::Wal, i32) -> rusqlite::Result<()> + Send + 'static {
    let mut asked_at = 0;
    move |wal, pages| {
        if pages < asked_at {
            // The WAL has begun anew.
            asked_at = 0;
        }
        if pages >= WAL_PAGES_MAX {
            // The commit is done; whether this succeeds is for the next time.
            if let Err(error) = wal.checkpoint() {
                tracing::debug!(%error, "a checkpoint was not possible");
            }
        } else if pages >= asked_at + STEP_PAGES {
            asked_at = pages;
            // One that is full has been woken already, and will see these pages too.
            wake.try_send(()).unwrap_or_default();
        }
        Ok(())
    }
}

/// Moves what no reader needs to find in the WAL, and waits for nobody.
fn checkpoint(connection: &Connection) {
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = moved {
        tracing::warn!(%error, "a checkpoint failed");
    }
}
