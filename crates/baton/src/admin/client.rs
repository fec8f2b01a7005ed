//! A command's end: over the socket if a server runs, else right here.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::execute::execute;
use super::{Answer, Envelope, Reply, Request, socket};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

pub fn ask(settings: &Settings, request: Request) -> Result<Answer, Trouble> {
    let path = socket::path(&settings.data);
    let reply = match UnixStream::connect(&path) {
        Ok(stream) => {
            let envelope = Envelope { database_url: settings.database_url.clone(), request };
            over(stream, &envelope)
                .map_err(|error| Trouble::refused(format!("the server behind {} broke off: {error}; look into its log", path.display())))?
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(Trouble::refused(format!("{} may not be opened: run this as the user that runs the server", path.display())));
        }
        // Nobody listens: no server ran here, or it was killed, or the path is too long for any server to listen there.
        Err(_) => here(settings, request)?,
    };
    reply.map_err(Trouble::Refused)
}

fn over(mut stream: UnixStream, envelope: &Envelope) -> io::Result<Reply> {
    stream.write_all(&serde_json::to_vec(envelope).map_err(io::Error::other)?)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    serde_json::from_slice(&answer).map_err(io::Error::other)
}

fn here(settings: &Settings, request: Request) -> Result<Reply, Trouble> {
    let store = wiring::open_store(settings)?;
    let runtime = wiring::small_runtime()?;
    let engine = wiring::engine_for_commands(settings, store);
    Ok(runtime.block_on(execute(&engine, request)))
}
