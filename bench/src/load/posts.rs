//! POSTs of executions that nobody follows: more than the server can do, or a long queue for it to work through.

use std::time::{Duration, Instant};

use super::{Job, Pace, Samples, Script, Tasks, Turn};
use crate::Outcome;
use crate::http::{Answer, Method, Request, find_text};

pub struct Posts<'a> {
    job: &'a Job,
    tasks: &'a mut Tasks,
    pace: Pace,
    length: Duration,
    under_way: Vec<Option<Post>>,
    /// When the first one was due, with every connection open, and when the last answer came.
    begun: Option<Instant>,
    ended: Option<Instant>,
    started: u64,
    /// No more than these are sent, however long it lasts.
    pub posts_most: u64,
    /// Ids in the order of their answers.
    pub accepted: Vec<String>,
    /// From when it was sent to its answer.
    pub accepted_in: Samples,
    /// 429 and 503.
    pub refused_in: Samples,
    pub without_retry_after: usize,
    /// The task had come round again before the execution that was accepted for it has run.
    pub too_soon: usize,
}

struct Post {
    task: usize,
    sent: Instant,
}

impl<'a> Posts<'a> {
    pub fn new(job: &'a Job, tasks: &'a mut Tasks, pace: Pace, length: Duration) -> Posts<'a> {
        Posts {
            job,
            tasks,
            pace,
            length,
            under_way: Vec::new(),
            begun: None,
            ended: None,
            started: 0,
            posts_most: u64::MAX,
            accepted: Vec::new(),
            accepted_in: Samples::default(),
            refused_in: Samples::default(),
            without_retry_after: 0,
            too_soon: 0,
        }
    }

    pub fn started(&self) -> u64 {
        self.started
    }

    pub fn seconds(&self) -> f64 {
        self.begun.zip(self.ended).map_or(0.0, |(begun, ended)| ended.duration_since(begun).as_secs_f64())
    }

    fn start(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        let begun = *self.begun.get_or_insert(now);
        let due = match self.pace {
            Pace::Closed => now,
            Pace::Open { per_second } => begun + Duration::from_secs_f64(self.started as f64 / per_second),
        };
        if due >= begun + self.length || self.started == self.posts_most {
            return Turn::Stop;
        }
        self.started += 1;
        let task = self.tasks.take();
        self.under_way[connection] = Some(Post { task, sent: now });
        if due > now { Turn::WaitUntil(due) } else { self.send(connection, now, out) }
    }

    fn send(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        let post = self.under_way[connection].as_mut().expect("it is started before it is sent");
        post.sent = now;
        let body = self.job.body(self.tasks, post.task);
        let path = self.job.executions_path();
        let request = Request { method: Method::Post, path: &path, api_key: &self.job.api_key, idempotency_key: None, body: &body };
        request.write(&self.job.host, out);
        Turn::Send
    }
}

impl Script for Posts<'_> {
    fn next(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> Turn {
        if self.under_way.len() <= connection {
            self.under_way.resize_with(connection + 1, || None);
        }
        match self.under_way[connection] {
            None => self.start(connection, now, out),
            Some(_) => self.send(connection, now, out),
        }
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>, now: Instant, out: &mut Vec<u8>) -> Outcome<Turn> {
        self.ended = Some(now);
        let Post { task, sent } = self.under_way[connection].take().expect("only what was sent is answered");
        match (answer.status, find_text(&answer.body, r#""id":""#)) {
            (202, Some(id)) => {
                self.accepted.push(id.to_owned());
                self.accepted_in.add(now - sent);
                self.tasks.finish(task);
            }
            (429 | 503, _) => {
                self.refused_in.add(now - sent);
                self.without_retry_after += usize::from(answer.header("Retry-After").is_none());
                self.tasks.leave(task);
            }
            (422, _) => {
                self.too_soon += 1;
                self.tasks.leave(task);
            }
            (status, _) => return Err(format!("answered {status}: {}", String::from_utf8_lossy(&answer.body)).into()),
        }
        Ok(self.start(connection, now, out))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{drive, stand_in::StandIn};
    use super::*;

    const POSTS: u64 = 40;

    fn run(workflow: &str, pace: Pace, seconds: f64, judge: impl FnOnce(&Posts<'_>)) {
        let server = StandIn::start();
        let job =
            Job { host: server.address.clone(), api_key: "key".into(), workflow: workflow.into(), forth: "f".into(), back: "b".into() };
        let mut tasks = Tasks::new(100);
        let mut script = Posts::new(&job, &mut tasks, pace, Duration::from_secs_f64(seconds));
        script.posts_most = POSTS;
        drive(&server.address, 4, &mut script).expect("the stand-in answers");
        judge(&script);
    }

    #[test]
    fn refusals_are_counted_apart_and_their_tasks_stay_where_they_are() {
        run("crowded", Pace::Closed, 600.0, |script| {
            let half = POSTS as usize / 2;
            assert_eq!((script.accepted.len(), script.accepted_in.count(), script.refused_in.count()), (half, half, half));
            // Every second refusal of the stand-in says when to come again.
            assert_eq!((script.without_retry_after, script.too_soon), (half / 2, 0));
            assert_eq!((1..=100).filter(|task| script.tasks.is_moved(*task)).count(), half);
        });
    }

    #[test]
    fn an_open_loop_sends_no_more_than_its_rate() {
        run("w", Pace::Open { per_second: 50.0 }, 0.1, |script| assert_eq!((script.started(), script.accepted.len()), (5, 5)));
    }
}
