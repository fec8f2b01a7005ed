//! What the server reaches: a receiver of calls and one of e-mails. They live in this process, so that they outlive the server's deaths
//! and remember what went out before them.

mod http;
mod smtp;

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Outcome;

/// One request, as it came; recorded before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    /// With its query.
    pub path: String,
    pub key: Option<String>,
    pub body: String,
}

/// One message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Head and body, byte for byte.
    pub text: String,
}

impl Mail {
    pub fn message_id(&self) -> Option<&str> {
        self.text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("Message-ID: "))
    }
}

#[derive(Default)]
pub struct Received {
    pub calls: Vec<Call>,
    pub mails: Vec<Mail>,
}

#[derive(Default)]
struct State {
    received: Mutex<Received>,
    /// Of all calls so far.
    keys: Mutex<HashSet<Option<String>>>,
    /// Calls that hang are answered once this is true.
    released: Mutex<bool>,
    release: Condvar,
}

pub struct Sink {
    state: Arc<State>,
    http: u16,
    smtp: u16,
}

impl Sink {
    /// They listen until this process ends.
    pub fn open() -> Outcome<Sink> {
        let state = Arc::<State>::default();
        let (http, smtp) = (listen(&state, http::serve)?, listen(&state, smtp::serve)?);
        Ok(Sink { state, http, smtp })
    }

    /// Where calls go: `path` says how they are answered (`http.rs`).
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http)
    }

    /// What lets the server reach both.
    pub fn settings(&self) -> Vec<(String, String)> {
        let smtp = self.smtp.to_string();
        [
            ("BATON_OUTBOUND_ALLOW", "127.0.0.0/8"),
            ("BATON_SMTP_HOST", "127.0.0.1"),
            ("BATON_SMTP_PORT", &smtp),
            ("BATON_SMTP_TLS", "none"),
            ("BATON_SMTP_FROM", "baton@example.com"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// What has come since this was last asked.
    pub fn take(&self) -> Received {
        std::mem::take(&mut *lock(&self.state.received))
    }

    /// How many calls of this path have come since they were last taken.
    pub fn count(&self, path: &str) -> usize {
        lock(&self.state.received).calls.iter().filter(|call| call.path == path).count()
    }

    /// Answers the calls that hang.
    pub fn release(&self) {
        *lock(&self.state.released) = true;
        self.state.release.notify_all();
    }
}

fn listen(state: &Arc<State>, serve: fn(TcpStream, &State) -> std::io::Result<()>) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let state = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let state = Arc::clone(&state);
            // A server that dies leaves a broken connection: nothing to tell anybody.
            thread::spawn(move || drop(serve(stream, &state)));
        }
    });
    Ok(port)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
