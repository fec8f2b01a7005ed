//! The job that speed is measured by: POST an execution, then GET its status until it is final.

use std::time::{Duration, Instant};

use super::{Samples, Script, Turn, Window};
use crate::Outcome;
use crate::http::{Answer, Method, Request, find_text};

/// Where the job is done, and with which two actions: one leads out of the stage that the other leads into, so that a
/// task can be acted on for ever.
#[derive(Clone, Debug)]
pub struct Job {
    pub host: String,
    pub api_key: String,
    pub workflow: String,
    pub forth: String,
    pub back: String,
}

impl Job {
    pub(super) fn executions_path(&self) -> String {
        format!("/api/v1/workflows/{}/executions", self.workflow)
    }

    /// Takes the action that is next for the task.
    pub(super) fn body(&self, tasks: &Tasks, task: usize) -> String {
        let action = if tasks.moved[task] { &self.back } else { &self.forth };
        format!(r#"{{"task_id":"{}","action_id":"{action}"}}"#, task + 1)
    }
}

/// The tasks `1..=count` by their Unique IDs, each in the first or in the second of the two stages.
#[derive(Clone, Debug)]
pub struct Tasks {
    moved: Vec<bool>,
    busy: Vec<bool>,
    cursor: usize,
    pub order: Order,
}

/// Which task is next. A store that keeps rows in the order they were made does much less for tasks in turn, for they share
/// its pages; real work lies between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    InTurn,
    /// Each far from the last, so that no page serves two of them.
    Scattered,
}

impl Order {
    /// From one task to the next of `count`; each has its turn, for no number that is used as a step divides them.
    pub fn step(self, count: usize) -> usize {
        const FAR: usize = 7_919;
        match self {
            Order::Scattered if !count.is_multiple_of(FAR) => FAR,
            Order::InTurn | Order::Scattered => 1,
        }
    }
}

impl Tasks {
    pub fn new(count: usize) -> Tasks {
        Tasks { moved: vec![false; count], busy: vec![false; count], cursor: 0, order: Order::InTurn }
    }

    /// Somebody else took an action on this one.
    pub fn toggle(&mut self, unique_id: usize) {
        self.moved[unique_id - 1] ^= true;
    }

    /// Whether the task is in the second of the two stages.
    pub fn is_moved(&self, unique_id: usize) -> bool {
        self.moved[unique_id - 1]
    }

    /// The next one in turn that nobody is at: of few tasks, one may come round again while it still waits. There must be
    /// more tasks than connections.
    pub(super) fn take(&mut self) -> usize {
        loop {
            let task = self.cursor;
            let count = self.moved.len();
            self.cursor = (self.cursor + self.order.step(count)) % count;
            if !std::mem::replace(&mut self.busy[task], true) {
                return task;
            }
        }
    }

    pub(super) fn finish(&mut self, task: usize) {
        self.busy[task] = false;
        self.moved[task] ^= true;
    }

    /// Nothing has happened to it.
    pub(super) fn leave(&mut self, task: usize) {
        self.busy[task] = false;
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Each connection starts its next job when the last is finished.
    Closed,
    /// Jobs start at this rate whatever the server does; latency counts from when a job was due, so that a server that
    /// falls behind can't hide it.
    Open { per_second: f64 },
}

pub struct Executions<'a> {
    job: &'a Job,
    tasks: &'a mut Tasks,
    pace: Pace,
    window: Window,
    /// How long a client waits before it asks (again) whether an execution is finished.
    poll: Duration,
    running: Vec<Option<Running>>,
    first_due: Instant,
    started: u64,
    /// No more jobs than these, however long the window is.
    pub jobs_most: u64,
    /// Until the answer to the POST, and until the status was seen to be final.
    pub answered: Samples,
    pub finished: Samples,
    pub polls: u64,
}

struct Running {
    task: usize,
    due: Instant,
    /// The path of the execution once it is accepted.
    path: Option<String>,
    counts: bool,
}

impl<'a> Executions<'a> {
    pub fn new(job: &'a Job, tasks: &'a mut Tasks, pace: Pace, poll: Duration, window: Window, now: Instant) -> Executions<'a> {
        Executions {
            job,
            tasks,
            pace,
            window,
            poll,
            running: Vec::new(),
            first_due: now,
            started: 0,
            jobs_most: u64::MAX,
            answered: Samples::default(),
            finished: Samples::default(),
            polls: 0,
        }
    }

    pub fn started(&self) -> u64 {
        self.started
    }

    /// Takes the next job; its POST may have to wait until it is due.
    fn start(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        let due = match self.pace {
            Pace::Closed => now,
            Pace::Open { per_second } => self.first_due + Duration::from_secs_f64(self.started as f64 / per_second),
        };
        if due >= self.window.end || self.started == self.jobs_most {
            return Turn::Stop;
        }
        self.started += 1;
        let task = self.tasks.take();
        self.running[connection] = Some(Running { task, due, path: None, counts: false });
        if due > now { Turn::WaitUntil(due) } else { self.post(connection, out) }
    }

    fn post(&mut self, connection: usize, out: &mut Vec<u8>) -> Turn {
        let running = self.running[connection].as_ref().expect("a job is started before it is posted");
        let body = self.job.body(self.tasks, running.task);
        let path = self.job.executions_path();
        self.write(Method::Post, &path, &body, out);
        Turn::Send
    }

    fn poll(&mut self, path: &str, out: &mut Vec<u8>) -> Turn {
        self.polls += 1;
        self.write(Method::Get, path, "", out);
        Turn::Send
    }

    fn write(&self, method: Method, path: &str, body: &str, out: &mut Vec<u8>) {
        let request = Request { method, path, api_key: &self.job.api_key, idempotency_key: None, body };
        request.write(&self.job.host, out);
    }

    /// Asks for the status, at once or after the poll's wait.
    fn follow(&mut self, path: &str, now: Instant, out: &mut Vec<u8>) -> Turn {
        if self.poll.is_zero() { self.poll(path, out) } else { Turn::WaitUntil(now + self.poll) }
    }
}

impl Script for Executions<'_> {
    fn next(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        if self.running.len() <= connection {
            self.running.resize_with(connection + 1, || None);
        }
        match &self.running[connection] {
            None => self.start(connection, now, out),
            Some(Running { path: None, .. }) => self.post(connection, out),
            Some(Running { path: Some(path), .. }) => {
                let path = path.clone();
                self.poll(&path, out)
            }
        }
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>, now: Instant, out: &mut Vec<u8>) -> Outcome<Turn> {
        let mut running = self.running[connection].take().expect("only a running job is answered");
        let unexpected = || format!("answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        let Some(path) = running.path.take() else {
            let id = find_text(&answer.body, r#""id":""#).filter(|_| answer.status == 202).ok_or_else(unexpected)?;
            running.counts = self.window.counts(now);
            if running.counts {
                self.answered.add(now - running.due);
            }
            let path = format!("{}/{id}", self.job.executions_path());
            let turn = self.follow(&path, now, out);
            self.running[connection] = Some(Running { path: Some(path), ..running });
            return Ok(turn);
        };
        match find_text(&answer.body, r#""status":""#).filter(|_| answer.status == 200) {
            Some("Pending") => {
                let turn = self.follow(&path, now, out);
                self.running[connection] = Some(Running { path: Some(path), ..running });
                Ok(turn)
            }
            Some("Success") => {
                self.tasks.finish(running.task);
                if self.window.counts(now) {
                    self.finished.add(now - running.due);
                }
                Ok(self.start(connection, now, out))
            }
            _ => Err(unexpected().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{drive, stand_in::StandIn};
    use super::*;
    use crate::clock;

    const JOBS: u64 = 45;

    fn run(pace: Pace, poll: Duration, connections: usize, seconds: f64, tasks: &mut Tasks) -> (StandIn, usize, usize) {
        let server = StandIn::start();
        let job = Job { host: server.address.clone(), api_key: "key".into(), workflow: "w".into(), forth: "f".into(), back: "b".into() };
        let window = Window::from_now(Duration::ZERO, Duration::from_secs_f64(seconds));
        let mut script = Executions::new(&job, tasks, pace, poll, window, clock::now());
        script.jobs_most = JOBS;
        drive(&server.address, connections, &mut script).expect("the stand-in answers");
        let counts = (script.answered.count(), script.finished.count());
        (server, counts.0, counts.1)
    }

    #[test]
    fn every_job_that_was_posted_is_followed_to_its_end() {
        for (pace, poll, connections) in [
            (Pace::Closed, Duration::ZERO, 1),
            (Pace::Closed, Duration::from_micros(500), 15),
            (Pace::Open { per_second: 1_000.0 }, Duration::ZERO, 4),
        ] {
            let mut tasks = Tasks::new(16);
            let (server, answered, finished) = run(pace, poll, connections, 600.0, &mut tasks);
            let seen = server.seen();
            let all = JOBS as usize;
            assert_eq!((answered, finished, seen.posted, seen.finished), (all, all, all, all), "{pace:?}");
            let posted_of_task = |task: usize| seen.tasks.iter().filter(|found| **found == task + 1).count();
            for (task, moved) in tasks.moved.iter().enumerate() {
                assert_eq!(posted_of_task(task) % 2 == 1, *moved, "{pace:?}: task {}", task + 1);
            }
        }
    }

    #[test]
    fn every_task_has_its_turn_in_either_order() {
        for (order, count) in [(Order::InTurn, 9), (Order::Scattered, 9), (Order::Scattered, 1_000), (Order::Scattered, 2 * 7_919)] {
            let mut tasks = Tasks::new(count);
            tasks.order = order;
            let mut taken: Vec<usize> = (0..count).map(|_| tasks.take()).collect();
            assert_eq!(taken[1] == 1, order == Order::InTurn || count == 2 * 7_919, "{order:?} of {count}");
            taken.sort_unstable();
            assert_eq!(taken, (0..count).collect::<Vec<_>>(), "{order:?} of {count}");
        }
    }

    #[test]
    fn an_open_loop_starts_no_more_than_its_rate() {
        let (server, ..) = run(Pace::Open { per_second: 50.0 }, Duration::ZERO, 4, 0.1, &mut Tasks::new(16));
        assert_eq!(server.seen().posted, 5);
    }

    #[test]
    fn a_refusal_ends_the_run() {
        let server = StandIn::start();
        let host = server.address.clone();
        let job = Job { host, api_key: "key".into(), workflow: "unknown".into(), forth: "f".into(), back: "b".into() };
        let window = Window::from_now(Duration::ZERO, Duration::from_secs(60));
        let mut tasks = Tasks::new(16);
        let mut script = Executions::new(&job, &mut tasks, Pace::Closed, Duration::ZERO, window, clock::now());
        let error = drive(&server.address, 1, &mut script).expect_err("the workflow is not there").to_string();
        assert!(error.contains("404") && error.contains("Workflow not found"), "{error}");
    }
}
