//! What this node counts for whoever watches it. Counters begin at nothing with each start, as their readers expect.

use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::execution::Status;
use baton_core::execution::call::{FailureKind, Reply, Request};
use baton_core::limits::OPEN_CALLS_MAX;
use baton_store::sql::jobs;

use crate::engine::Engine;

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64
    }
}

#[derive(Default)]
pub(crate) struct Metrics {
    succeeded: Counter,
    failed: Counter,
    stopped: Counter,
    /// By kind of call, then by outcome.
    calls: [[Counter; OUTCOMES.len()]; CALL_KINDS.len()],
    pub late_writes: Counter,
    pub lease_takeovers: Counter,
}

/// The executions that a transaction has ended; they count once it is durable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended {
    succeeded: usize,
    failed: usize,
    stopped: usize,
}

impl Ended {
    pub fn add(&mut self, status: &Status) {
        match status {
            Status::Pending => {}
            Status::Success { .. } => self.succeeded += 1,
            Status::Fail { .. } => self.failed += 1,
        }
    }

    /// One that was given up, and has failed by that.
    pub fn add_stopped(&mut self) {
        self.failed += 1;
        self.stopped += 1;
    }
}

const CALL_KINDS: [&str; 2] = ["http", "email"];
const OUTCOMES: [&str; 7] = ["success", "answered", "not_sent", "no_answer", "not_now", "not_allowed", "failed"];
const NOT_ALLOWED: usize = 5;

impl Metrics {
    pub fn ended(&self, ended: Ended) {
        self.succeeded.add(ended.succeeded);
        self.failed.add(ended.failed);
        self.stopped.add(ended.stopped);
    }

    /// An attempt of a call.
    pub fn called(&self, request: &Request, reply: &Reply) {
        let kind = match request {
            Request::Http(_) => 0,
            Request::Email(_) => 1,
        };
        let outcome = match reply {
            Reply::Delivered => 0,
            Reply::Answered(answer) => usize::from(answer.failure.is_some()),
            Reply::Failed(failure) => match failure.kind {
                FailureKind::NotSent => 2,
                FailureKind::NoAnswer => 3,
                FailureKind::NotNow => 4,
                FailureKind::NotAllowed => NOT_ALLOWED,
                FailureKind::Final => 6,
            },
        };
        self.calls[kind][outcome].add(1);
    }
}

/// A metric with its values as they are now.
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub help: &'static str,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only rises.
    Counter,
    Gauge,
}

pub struct Sample {
    pub labels: Vec<(&'static str, &'static str)>,
    pub value: f64,
}

fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Metric {
    Metric { name, kind: MetricKind::Counter, help, samples }
}

fn gauge(name: &'static str, help: &'static str, value: f64) -> Metric {
    Metric { name, kind: MetricKind::Gauge, help, samples: plain(value) }
}

fn plain(value: f64) -> Vec<Sample> {
    vec![Sample { labels: Vec::new(), value }]
}

impl Engine {
    /// What is counted here, and how much waits in the store. That is left out while the store can't be asked.
    pub async fn metrics(&self) -> Vec<Metric> {
        let now = self.now();
        let waiting = self.shared.store.read(move |tx| jobs::depth(tx, now)).await;
        let counted = &self.shared.metrics;
        let status = |status, counter: &Counter| Sample { labels: vec![("status", status)], value: counter.get() };
        let outcomes = |(kind, counters): (&'static str, &[Counter; OUTCOMES.len()])| {
            let samples = OUTCOMES.into_iter().zip(counters);
            samples.map(move |(outcome, calls)| (vec![("kind", kind), ("outcome", outcome)], calls.get())).collect::<Vec<_>>()
        };
        let calls = CALL_KINDS.into_iter().zip(&counted.calls).flat_map(outcomes);
        let not_allowed = counted.calls.iter().map(|outcomes| outcomes[NOT_ALLOWED].get()).sum();
        let mut metrics = vec![
            counter(
                "baton_executions_finished_total",
                "Executions that ended on this node.",
                vec![status("Success", &counted.succeeded), status("Fail", &counted.failed)],
            ),
            counter(
                "baton_executions_stopped_total",
                "Executions that were given up, after interruptions or by a fault in Baton.",
                plain(counted.stopped.get()),
            ),
            counter(
                "baton_calls_total",
                "Attempts of calls and e-mails, by how each went.",
                calls.map(|(labels, value)| Sample { labels, value }).collect(),
            ),
            counter("baton_outbound_refusals_total", "Calls that the guard let go nowhere.", plain(not_allowed)),
            counter(
                "baton_late_writes_refused_total",
                "Results that came after this node's claim was over, and were dropped.",
                plain(counted.late_writes.get()),
            ),
            counter(
                "baton_lease_takeovers_total",
                "Ended leases of other nodes that this node found, and whose work it gave back.",
                plain(counted.lease_takeovers.get()),
            ),
            gauge(
                "baton_open_calls",
                "Calls and e-mails under way on this node.",
                (OPEN_CALLS_MAX - self.shared.worker.calls.free()) as f64,
            ),
        ];
        if let Ok(waiting) = waiting {
            let age = waiting.since.map_or(0, |since| (now.micros() - since.micros()).max(0));
            metrics.push(gauge("baton_jobs_waiting", "Executions in the store that no node runs at the moment.", waiting.count as f64));
            metrics.push(gauge(
                "baton_jobs_oldest_seconds",
                "How long the oldest execution waits that could run at once.",
                age as f64 / 1e6,
            ));
        }
        metrics
    }
}
