//! A data folder: one process at a time, its writer thread, its readers.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::readers::Readers;
use super::{checkpoint, connection, writer};
use crate::measure::Measures;
use crate::queue::{Queue, Whose, queue};
use crate::work::Work;
use crate::{Options, StoreError, Tx};

pub(crate) struct Folder {
    readers: Readers,
    /// `None` once it is closing: the writer ends when the queue has gone and is empty.
    queue: Option<Queue>,
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    /// Held as long as the folder is used.
    _lock: File,
}

impl Folder {
    pub fn open(folder: &Path, options: &Options, measures: &Arc<Measures>) -> Result<Folder, StoreError> {
        let lock = lock(folder)?;
        let path = folder.join("baton.db");
        let mut connection = connection::open_writer(&path, options)?;
        if options.migrate {
            connection::migrate(&connection)?
        } else {
            connection::check(&connection)?
        }
        let checkpointer = checkpoint::start(&path, &mut connection)?;
        let readers = Readers::open(&path, options.readers.max(1))?;
        let (queue, works) = queue(measures);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::write_groups(connection, &works))
            .map_err(|error| refused(folder, "has no thread to write it", &error))?;
        Ok(Folder { readers, queue: Some(queue), writer: Some(writer), checkpointer: Some(checkpointer), _lock: lock })
    }

    pub fn write(&self, whose: Whose, work: Box<dyn Work>) -> Result<(), StoreError> {
        self.queue.as_ref().expect("open until dropped").push(whose, work)
    }

    pub async fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        self.readers.read(work).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The readers first: the last connection to close moves the WAL into the database.
        self.readers.close();
        self.queue = None;
        let own = std::thread::current().id();
        if self.writer.as_ref().is_some_and(|writer| writer.thread().id() == own) {
            // The last handle went with a work. Neither thread can be waited for here: the checkpoints end with the
            // writer's connection, and that ends after this.
            return;
        }
        for thread in [self.writer.take(), self.checkpointer.take()].into_iter().flatten() {
            drop(thread.join());
        }
    }
}

/// Makes the folder where there is none. The lock goes with the process, however that ends.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| refused(folder, "can't be made", &error))?;
    let path: PathBuf = folder.join("baton.lock");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.map_err(|error| refused(&path, "can't be opened", &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            drop(file.read_to_string(&mut holder));
            let holder = holder.trim();
            let holder = if holder.is_empty() { String::new() } else { format!(" (pid {holder})") };
            return Err(StoreError::InUse(format!("another baton{holder} uses {}: stop it, or use another folder", folder.display())));
        }
        Err(TryLockError::Error(error)) => return Err(refused(&path, "can't be locked", &error)),
    }
    // Only for the message above.
    let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    noted.map_err(|error| refused(&path, "can't be written", &error))?;
    Ok(file)
}

fn refused(path: &Path, what: &str, error: &std::io::Error) -> StoreError {
    StoreError::Refused(format!("{} {what}: {error}", path.display()))
}
