//! A command's end: over the socket if a server runs, else right here.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use baton_store::backup::{Copied, Progress};
use baton_store::{Store, StoreError};

use super::backup::Broken;
use super::execute::execute;
use super::{Answer, Envelope, Reply, Request, backup, socket};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::{surroundings, wiring};

/// A server that starts has its data folder before its socket, and one that stops the other way round.
const BETWEEN_LONGEST: Duration = Duration::from_secs(5);
const BETWEEN_STEP: Duration = Duration::from_millis(20);

/// A copy of the store, written to `out`, which people call `name`; of one that no server has open as it is, not migrated.
pub fn back_up(
    settings: &Settings,
    mut out: Box<dyn Write + Send>,
    name: &str,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Copied, Trouble> {
    match reach(settings, false, wiring::open_store_as_it_is)? {
        Reached::Server(mut stream) => {
            let asked = send(&mut stream, &Envelope { database_url: settings.database_url.clone(), request: Request::BackUp });
            asked.map_err(broken_off)?;
            let received = backup::receive(stream, &mut out, &mut progress).map_err(|broken| match broken {
                Broken::Server(error) => broken_off(error),
                Broken::Out(error) => Trouble::unwritten(name, &error),
            });
            received?.map_err(Trouble::Refused)
        }
        Reached::Store(store) => {
            let engine = wiring::engine_for_commands(settings, store, surroundings::bare());
            Ok(wiring::small_runtime()?.block_on(engine.back_up(out, progress))?)
        }
    }
}

pub fn ask(settings: &Settings, request: Request) -> Result<Answer, Trouble> {
    let makes_data = matches!(request, Request::Init(_));
    match reach(settings, makes_data, wiring::open_store)? {
        Reached::Server(stream) => {
            let envelope = Envelope { database_url: settings.database_url.clone(), request };
            over(stream, &envelope).map_err(broken_off)?
        }
        Reached::Store(store) => {
            let runtime = wiring::small_runtime()?;
            runtime.block_on(async {
                let surroundings = match request {
                    Request::SetSecret(_) => surroundings::with_master_key(settings, &store).await?,
                    _ => surroundings::bare(),
                };
                let engine = wiring::engine_for_commands(settings, store, surroundings);
                Ok::<_, Trouble>(execute(&engine, request).await)
            })?
        }
    }
    .map_err(Trouble::Refused)
}

enum Reached {
    Server(UnixStream),
    Store(Store),
}

fn reach(settings: &Settings, makes_data: bool, open: fn(&Settings) -> Result<Store, StoreError>) -> Result<Reached, Trouble> {
    let path = socket::path(&settings.data);
    let mut waited = Duration::ZERO;
    loop {
        match UnixStream::connect(&path) {
            Ok(stream) => return Ok(Reached::Server(stream)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let sentence = "may not be opened: run this as the user that runs the server";
                return Err(Trouble::refused(format!("{} {sentence}", path.display())));
            }
            // Nobody listens: no server runs here, or one that was killed.
            Err(_) => {}
        }
        if !makes_data && settings.database_url.is_none() && !settings.data.join("baton.db").exists() {
            let sentence = "has no data of Baton: name the right folder by --data, or begin by `baton init`";
            return Err(Trouble::refused(format!("{} {sentence}", settings.data.display())));
        }
        match open(settings) {
            Ok(store) => return Ok(Reached::Store(store)),
            Err(StoreError::InUse(_)) if waited < BETWEEN_LONGEST => {
                std::thread::sleep(BETWEEN_STEP);
                waited += BETWEEN_STEP;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn broken_off(error: io::Error) -> Trouble {
    Trouble::refused(format!("the running server broke off: {error}; look into its log"))
}

fn send(stream: &mut UnixStream, envelope: &Envelope) -> io::Result<()> {
    stream.write_all(&serde_json::to_vec(envelope).map_err(io::Error::other)?)?;
    stream.shutdown(Shutdown::Write)
}

fn over(mut stream: UnixStream, envelope: &Envelope) -> io::Result<Reply> {
    send(&mut stream, envelope)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    serde_json::from_slice(&answer).map_err(io::Error::other)
}
