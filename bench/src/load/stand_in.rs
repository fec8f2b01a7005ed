//! A server that answers like ours and does nothing, to test the load generator against.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// How often an execution is Pending before it is Success: on some tasks so often that others come round again.
fn pending_times(task: usize) -> u32 {
    if task % 5 == 1 { 60 } else { 2 }
}

pub struct StandIn {
    pub address: String,
    state: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub struct Seen {
    pub posted: usize,
    pub finished: usize,
    /// The task of each execution in the order posted.
    pub tasks: Vec<usize>,
    pub read: usize,
    pub healthy: usize,
    asked_crowded: usize,
    asked: HashMap<String, u32>,
}

impl Seen {
    /// Executions are numbered from 1.
    fn is_final(&self, execution: usize) -> bool {
        let asked = self.asked.get(&format!("/api/v1/workflows/w/executions/e{execution}"));
        asked.is_some_and(|asked| *asked > pending_times(self.tasks[execution - 1]))
    }
}

impl StandIn {
    /// It answers until the test's process ends.
    pub fn start() -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &state));
            }
        });
        StandIn { address, state }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.state.lock().expect("no connection panicked")
    }
}

/// Until the client goes away.
fn serve(mut stream: TcpStream, state: &Mutex<Seen>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut input = Vec::new();
    loop {
        let (line, body) = loop {
            if let Some(request) = take_request(&mut input) {
                break request;
            }
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).ok().filter(|length| *length > 0)?;
            input.extend_from_slice(&piece[..length]);
        };
        let (status, body) = answer(&line, &body, &mut state.lock().expect("no connection panicked"));
        let more = if status == 429 { "Retry-After: 1\r\n" } else { "" };
        let answer = format!("HTTP/1.1 {status} Said\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
        // In two pieces, so that the generator must put answers together.
        let (first, second) = answer.split_at(answer.len() / 2);
        stream.write_all(first.as_bytes()).ok()?;
        stream.write_all(second.as_bytes()).ok()?;
    }
}

fn take_request(input: &mut Vec<u8>) -> Option<(String, String)> {
    let text = String::from_utf8(input.clone()).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |length| length.parse().expect("a number"));
    let body = rest.get(..length)?.to_owned();
    let line = head.lines().next()?.to_owned();
    input.drain(..head.len() + 4 + length);
    Some((line, body))
}

fn answer(line: &str, body: &str, seen: &mut Seen) -> (u16, String) {
    let mut words = line.split(' ');
    match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
        ("POST", "/api/v1/workflows/crowded/executions") => {
            seen.asked_crowded += 1;
            match seen.asked_crowded % 4 {
                1 => (503, "{}".into()),
                3 => (429, "{}".into()),
                _ => (202, r#"{"id":"e","status":"Pending"}"#.into()),
            }
        }
        ("POST", "/api/v1/workflows/w/executions") => {
            let task = body.split('"').nth(3).and_then(|id| id.parse().ok()).expect("a task is named");
            // Like the real one, which is then in the other stage: two at once would be refused.
            let pending = seen.tasks.iter().enumerate().any(|(index, found)| *found == task && !seen.is_final(index + 1));
            if pending {
                return (422, r#"{"status":"Fail","errors":["Approve cannot be taken in Approved"]}"#.into());
            }
            seen.tasks.push(task);
            seen.posted += 1;
            (202, format!(r#"{{"id":"e{}","status":"Pending"}}"#, seen.posted))
        }
        ("GET", "/healthz") => {
            seen.read += 1;
            seen.healthy += 1;
            (200, "ok".into())
        }
        ("GET", path) if path.starts_with("/api/v1/workflows/w/executions/") => {
            seen.read += 1;
            let Some(execution) = path.rsplit_once("/e").and_then(|(_, number)| number.parse().ok()) else {
                return (200, r#"{"id":"e","status":"Pending"}"#.into());
            };
            *seen.asked.entry(path.to_owned()).or_default() += 1;
            let status = if seen.is_final(execution) { "Success" } else { "Pending" };
            seen.finished += usize::from(status == "Success");
            (200, format!(r#"{{"id":"e","status":"{status}"}}"#))
        }
        _ => (404, r#"{"errors":["Workflow not found"]}"#.into()),
    }
}
