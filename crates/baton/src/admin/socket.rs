//! The running server's end: one request and one answer for each connection, both JSON but for a backup, each ended by closing its
//! half. Who may open the socket is the operator.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use baton_engine::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::warn;

use super::execute::execute;
use super::{Envelope, Reply, Request, backup};
use crate::trouble::Trouble;

const REQUEST_BYTES_MAX: u64 = 64 * 1024 * 1024;
const REQUEST_LONGEST: Duration = Duration::from_secs(30);

pub fn path(data: &Path) -> PathBuf {
    data.join("admin.sock")
}

/// Removed when dropped.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// What the server keeps its data in, if that is not its folder.
    database_url: Option<String>,
}

impl Socket {
    /// Takes the place of one that a crash left behind; the caller holds the folder's lock.
    pub fn open(data: &Path, database_url: Option<String>) -> Result<Socket, Trouble> {
        let path = path(data);
        let listener = bind(data, &path).map_err(|error| {
            let hint = if error.kind() == io::ErrorKind::InvalidInput { " (its path may be too long for a socket)" } else { "" };
            Trouble::refused(format!("{} can't be opened: {error}{hint}", path.display()))
        })?;
        Ok(Socket { listener, path, database_url })
    }

    /// Answers until stopped; whoever has been accepted by then still gets an answer, which may be the only copy of a
    /// key.
    pub async fn answer(self, engine: Engine, stop: Arc<Notify>) {
        let mut running = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.notified() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (engine, database_url) = (engine.clone(), self.database_url.clone());
                    running.spawn(async move {
                        if let Err(error) = answer_one(stream, &engine, database_url.as_deref()).await {
                            warn!(%error, "a command over the admin socket broke off");
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "the admin socket accepts nothing");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            while running.try_join_next().is_some() {}
        }
        drop(self);
        while running.join_next().await.is_some() {}
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The next start removes what is left.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Born in a folder that nobody else can enter, so that it is never open to others, whatever the umask.
fn bind(data: &Path, path: &Path) -> io::Result<UnixListener> {
    let cradle = data.join("admin.new");
    let born = cradle.join("s");
    if cradle.exists() {
        std::fs::remove_dir_all(&cradle)?;
    }
    DirBuilder::new().mode(0o700).create(&cradle)?;
    let listener = UnixListener::bind(&born)?;
    std::fs::set_permissions(&born, Permissions::from_mode(0o600))?;
    std::fs::rename(&born, path)?;
    std::fs::remove_dir(&cradle)?;
    Ok(listener)
}

async fn answer_one(mut stream: UnixStream, engine: &Engine, database_url: Option<&str>) -> io::Result<()> {
    let mut text = Vec::new();
    let reading = async { (&mut stream).take(REQUEST_BYTES_MAX).read_to_end(&mut text).await };
    tokio::time::timeout(REQUEST_LONGEST, reading).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let reply: Reply = match serde_json::from_slice::<Envelope>(&text) {
        Ok(envelope) if envelope.database_url.is_some() && envelope.database_url.as_deref() != database_url => {
            Err(vec!["the server that runs in this data folder uses another database: name the same one, or another --data".to_owned()])
        }
        Ok(Envelope { request: Request::BackUp, .. }) => {
            let (runtime, engine, stream) = (tokio::runtime::Handle::current(), engine.clone(), stream.into_std()?);
            let work = move || backup::send(&engine, stream, &runtime);
            return tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?;
        }
        Ok(envelope) => {
            // Checking a long history takes seconds of a thread, which must be none of those that serve requests.
            let (runtime, engine) = (tokio::runtime::Handle::current(), engine.clone());
            let work = move || runtime.block_on(execute(&engine, envelope.request));
            tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
        }
        Err(error) => Err(vec![format!("the running server does not know this command, perhaps being of another version: {error}")]),
    };
    let answer = serde_json::to_vec(&reply).map_err(io::Error::other)?;
    stream.write_all(&answer).await?;
    stream.shutdown().await
}
