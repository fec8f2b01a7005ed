//! What this node counts for whoever watches it. Counters begin at nothing with each start, as their readers expect.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_core::execution::Status;
use baton_core::execution::call::{FailureKind, Reply, Request};
use baton_core::limits::OPEN_CALLS_MAX;
use baton_store::measure::{Distribution, Histogram};
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

pub(crate) struct Metrics {
    succeeded: Counter,
    failed: Counter,
    stopped: Counter,
    /// By kind.
    steps: [Histogram; STEP_KINDS.len()],
    /// By kind of call, then by outcome.
    calls: [[Counter; OUTCOMES.len()]; CALL_KINDS.len()],
    attempts: [Histogram; CALL_KINDS.len()],
    pub late_writes: Counter,
    pub lease_takeovers: Counter,
    pub rate_limited: Counter,
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

/// A step that has ended, to be measured once its transaction is durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    kind: usize,
    took: Duration,
}

impl Taken {
    pub fn new(kind: &str, took: Duration) -> Taken {
        let kind = STEP_KINDS.iter().position(|known| *known == kind).unwrap_or(STEP_KINDS.len() - 1);
        Taken { kind, took }
    }
}

/// The last is for all that come from a definition and are not taken yet.
const STEP_KINDS: [&str; 10] = [
    "move_to_stage",
    "assign_to",
    "update_data",
    "delete_task",
    "add_comment",
    "schedule_stage_change",
    "api_call",
    "zapier",
    "email",
    "other",
];
const CALL_KINDS: [&str; 2] = ["http", "email"];
const OUTCOMES: [&str; 7] = ["success", "answered", "not_sent", "no_answer", "not_now", "not_allowed", "failed"];
const NOT_ALLOWED: usize = 5;

impl Metrics {
    pub fn new() -> Metrics {
        Metrics {
            succeeded: Counter::default(),
            failed: Counter::default(),
            stopped: Counter::default(),
            steps: std::array::from_fn(|_| Histogram::of_latency()),
            calls: Default::default(),
            attempts: std::array::from_fn(|_| Histogram::of_latency()),
            late_writes: Counter::default(),
            lease_takeovers: Counter::default(),
            rate_limited: Counter::default(),
        }
    }

    pub fn taken(&self, steps: &[Taken]) {
        steps.iter().for_each(|step| self.steps[step.kind].took(step.took));
    }

    pub fn ended(&self, ended: Ended) {
        self.succeeded.add(ended.succeeded);
        self.failed.add(ended.failed);
        self.stopped.add(ended.stopped);
    }

    /// An attempt of a call; answers with how it went.
    pub fn called(&self, request: &Request, reply: &Reply, took: Duration) -> &'static str {
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
        self.attempts[kind].took(took);
        OUTCOMES[outcome]
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
    Histogram,
}

pub struct Sample {
    /// Their values are few, and known beforehand.
    pub labels: Vec<(&'static str, String)>,
    pub value: Measured,
}

pub enum Measured {
    Number(f64),
    Distribution(Distribution),
}

impl Metric {
    pub fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Metric {
        Metric { name, kind: MetricKind::Counter, help, samples }
    }

    pub fn gauge(name: &'static str, help: &'static str, value: f64) -> Metric {
        Metric { name, kind: MetricKind::Gauge, help, samples: plain(value) }
    }

    pub fn histogram(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Metric {
        Metric { name, kind: MetricKind::Histogram, help, samples }
    }
}

impl Sample {
    pub fn number(labels: &[(&'static str, &str)], value: f64) -> Sample {
        Sample { labels: owned(labels), value: Measured::Number(value) }
    }

    pub fn of(labels: &[(&'static str, &str)], histogram: &Histogram) -> Sample {
        Sample { labels: owned(labels), value: Measured::Distribution(histogram.distribution()) }
    }
}

fn owned(labels: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect()
}

fn plain(value: f64) -> Vec<Sample> {
    vec![Sample::number(&[], value)]
}

impl Engine {
    /// What is counted here, and how much waits in the store. That is left out while the store can't be asked.
    pub async fn metrics(&self) -> Vec<Metric> {
        let now = self.now();
        let store = self.shared.store.clone();
        let look = async move { store.read_own(move |tx| jobs::depth(tx, now)).await };
        let waiting = self.shared.depth.found(look).await;
        let mut metrics = self.of_executions();
        metrics.extend(self.of_calls());
        metrics.extend(self.of_store());
        if let Ok(waiting) = waiting {
            let age = waiting.since.map_or(0, |since| (now.micros() - since.micros()).max(0));
            metrics.push(Metric::gauge(
                "baton_jobs_waiting",
                "Executions in the store that no node runs at the moment.",
                waiting.count as f64,
            ));
            metrics.push(Metric::gauge(
                "baton_jobs_oldest_seconds",
                "How long the oldest execution waits that could run at once.",
                age as f64 / 1e6,
            ));
        }
        metrics
    }

    fn of_executions(&self) -> Vec<Metric> {
        let counted = &self.shared.metrics;
        let status = |status: &str, counter: &Counter| Sample::number(&[("status", status)], counter.get());
        let steps = STEP_KINDS.iter().zip(&counted.steps).map(|(kind, took)| Sample::of(&[("kind", kind)], took));
        vec![
            Metric::counter(
                "baton_executions_finished_total",
                "Executions that ended on this node.",
                vec![status("Success", &counted.succeeded), status("Fail", &counted.failed)],
            ),
            Metric::counter(
                "baton_executions_stopped_total",
                "Executions that were given up, after interruptions or by a fault in Baton.",
                plain(counted.stopped.get()),
            ),
            Metric::histogram(
                "baton_step_duration_seconds",
                "Steps that ended: the transaction that took them, or their call with all its attempts and the waits between.",
                steps.collect(),
            ),
            Metric::counter(
                "baton_late_writes_refused_total",
                "Results that came after this node's claim was over, and were dropped.",
                plain(counted.late_writes.get()),
            ),
            Metric::counter(
                "baton_lease_takeovers_total",
                "Ended leases of other nodes that this node found, and whose work it gave back.",
                plain(counted.lease_takeovers.get()),
            ),
            Metric::counter(
                "baton_rate_limited_requests_total",
                "Requests that were refused because their key had made too many.",
                plain(counted.rate_limited.get()),
            ),
        ]
    }

    fn of_calls(&self) -> Vec<Metric> {
        let counted = &self.shared.metrics;
        let outcomes = |(kind, counters): (&&str, &[Counter; OUTCOMES.len()])| {
            let samples = OUTCOMES.iter().zip(counters);
            samples.map(|(outcome, calls)| Sample::number(&[("kind", kind), ("outcome", outcome)], calls.get())).collect::<Vec<_>>()
        };
        let not_allowed = counted.calls.iter().map(|outcomes| outcomes[NOT_ALLOWED].get()).sum();
        let attempts = CALL_KINDS.iter().zip(&counted.attempts).map(|(kind, took)| Sample::of(&[("kind", kind)], took));
        vec![
            Metric::counter(
                "baton_calls_total",
                "Attempts of calls and e-mails, by how each went.",
                CALL_KINDS.iter().zip(&counted.calls).flat_map(outcomes).collect(),
            ),
            Metric::histogram("baton_call_duration_seconds", "Attempts of calls and e-mails.", attempts.collect()),
            Metric::counter("baton_outbound_refusals_total", "Calls that the guard let go nowhere.", plain(not_allowed)),
            Metric::gauge(
                "baton_open_calls",
                "Calls and e-mails under way on this node.",
                (OPEN_CALLS_MAX - self.shared.worker.calls.free()) as f64,
            ),
        ]
    }

    fn of_store(&self) -> Vec<Metric> {
        let measures = self.shared.store.measures();
        let histogram = |name, help, of: &Histogram| Metric::histogram(name, help, vec![Sample::of(&[], of)]);
        vec![
            histogram("baton_store_write_wait_seconds", "Works that waited for a thread that writes.", &measures.waited),
            histogram("baton_store_commit_duration_seconds", "Commits.", &measures.commits),
            histogram("baton_store_commit_works", "Works that shared a commit.", &measures.shared),
            histogram("baton_store_read_duration_seconds", "Reads, with their wait for a connection.", &measures.reads),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_not_known_is_another() {
        let metrics = Metrics::new();
        metrics.taken(&[Taken::new("email", Duration::ZERO), Taken::new("sql", Duration::ZERO), Taken::new("sql", Duration::ZERO)]);
        let counts: Vec<u64> = metrics.steps.iter().map(|took| took.distribution().count).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
