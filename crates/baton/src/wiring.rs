//! Opening what a process needs: the data folder, the store, the engine, the runtime.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use baton_core::ids::Id;
use baton_engine::env::{Clock, Entropy, SystemClock};
use baton_engine::{Engine, EngineOptions, Surroundings};
use baton_store::{Options, Place, Store, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::settings::{Settings, url_of};
use crate::trouble::Trouble;

/// Opens the store, making and migrating it when needed. In a data folder it is ours alone until dropped.
pub fn open_store(settings: &Settings) -> Result<Store, StoreError> {
    if settings.database_url.is_none() {
        make_folder(&settings.data).map_err(StoreError::Refused)?;
    }
    Store::open(store_options(settings))
}

/// The same for one that must be there, and stays at the version that it has.
pub fn open_store_as_it_is(settings: &Settings) -> Result<Store, StoreError> {
    Store::open(Options { migrate: false, ..store_options(settings) })
}

pub fn store_options(settings: &Settings) -> Options {
    let place = match &settings.database_url {
        Some(url) => Place::Url(url.clone()),
        None => Place::Folder(settings.data.clone()),
    };
    Options { page_count_max: settings.page_count_max, ..Options::new(place) }
}

/// A command that has the folder for a moment, or a server that is just ending, does not keep this one from starting.
const FREE_WITHIN: Duration = Duration::from_secs(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

pub fn open_store_for_server(settings: &Settings) -> Result<Store, StoreError> {
    let mut waited = Duration::ZERO;
    loop {
        match open_store(settings) {
            Err(StoreError::InUse(_)) if waited < FREE_WITHIN => {
                std::thread::sleep(LOOK_AGAIN_AFTER);
                waited += LOOK_AGAIN_AFTER;
            }
            opened => return opened,
        }
    }
}

/// The error is a sentence.
pub fn make_folder(folder: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("the data folder {} can't be made: {error}; name another by --data", folder.display()))
}

/// Who this node is, over restarts: what it had claimed before a crash it takes back at once. Held by one process.
pub struct Node {
    pub id: Id,
    _lock: File,
}

impl Node {
    pub fn open(data: &Path) -> Result<Node, Trouble> {
        make_folder(data).map_err(Trouble::refused)?;
        let path = data.join("node-id");
        let failed = |error: std::io::Error| Trouble::refused(format!("{} can't be used: {error}", path.display()));
        let mut file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Trouble::refused(format!(
                    "another baton serves from {}: stop it, or give this one a --data of its own",
                    data.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let id = match text.trim().parse() {
            Ok(id) => id,
            Err(_) if text.trim().is_empty() => {
                let id = Entropy::from_system().id(SystemClock::new().now());
                file.rewind().and_then(|()| write!(file, "{id}")).and_then(|()| file.sync_all()).map_err(failed)?;
                id
            }
            Err(error) => {
                let sentence = format!("{} is damaged ({error}): remove it, and this node begins anew", path.display());
                return Err(Trouble::refused(sentence));
            }
        };
        Ok(Node { id, _lock: file })
    }
}

/// For one command: it runs no executions, so that it is no node.
pub fn engine_for_commands(settings: &Settings, store: Store, surroundings: Surroundings) -> Engine {
    let public_url = public_url(settings, settings.listen);
    Engine::new(store, surroundings, EngineOptions::new(public_url, 1, Id::new(0, 0)))
}

/// As set, or where the server listens.
pub fn public_url(settings: &Settings, listens: std::net::SocketAddr) -> String {
    settings.public_url.clone().unwrap_or_else(|| url_of(listens))
}

/// A thread for each core, and at least two: one long computation must not hold up everything.
pub fn runtime() -> Result<Runtime, Trouble> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().map_err(no_runtime)
}

pub fn small_runtime() -> Result<Runtime, Trouble> {
    Builder::new_current_thread().enable_all().build().map_err(no_runtime)
}

const END_WITHIN: Duration = Duration::from_secs(1);

/// What a stop has not waited for, it does not wait for after all: a thread that checks a long history goes with the
/// process.
pub fn run_on<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(END_WITHIN);
    done
}

fn no_runtime(error: std::io::Error) -> Trouble {
    Trouble::refused(format!("the system gives no threads: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_goes_on_does_not_keep_the_process() {
        let (hold, held) = mpsc::channel::<()>();
        let ended = Arc::new(AtomicBool::new(false));
        let ending = ended.clone();
        let work = move || {
            let told = held.recv_timeout(Duration::from_secs(60));
            ending.store(told.is_err(), Ordering::SeqCst);
        };
        run_on(small_runtime().expect("a runtime"), async { drop(tokio::task::spawn_blocking(work)) });
        assert!(!ended.load(Ordering::SeqCst), "it was waited for");
        drop(hold);
    }
}
