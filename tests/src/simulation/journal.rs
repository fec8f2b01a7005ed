//! What happens in a run: told by its links and its world, hashed so that two runs can be compared, and judged at once where that
//! takes no more than what has happened so far.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::AddAssign;

use parking_lot::Mutex;

use super::time::Time;

/// What there was to see, over one run or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub seeds: u64,
    pub executions: u64,
    pub crashes: u64,
    pub pauses: u64,
    /// Leases that ended, and whose executions another node took.
    pub takeovers: u64,
    /// Writes that came under a claim that was no longer held.
    pub late_writes: u64,
    /// Attempts of a call that had been made before.
    pub repeated_calls: u64,
    pub timers: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.seeds += other.seeds;
        self.executions += other.executions;
        self.crashes += other.crashes;
        self.pauses += other.pauses;
        self.takeovers += other.takeovers;
        self.late_writes += other.late_writes;
        self.repeated_calls += other.repeated_calls;
        self.timers += other.timers;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { seeds, executions, crashes, pauses, takeovers, late_writes, repeated_calls, timers } = self;
        write!(
            f,
            "{seeds} seeds: {executions} executions, {crashes} crashes, {pauses} pauses, {takeovers} takeovers, \
             {late_writes} refused late writes, {repeated_calls} repeated calls, {timers} timers"
        )
    }
}

/// What a committed transaction has done that is judged or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    TimerSet {
        id: i64,
        due_at: i64,
    },
    TimerFired {
        id: i64,
    },
    LeaseTaken {
        leases: u64,
    },
    /// Jobs that were held under a lease that had ended.
    JobsSwept,
}

pub struct Journal {
    pub time: Time,
    /// Nothing but the world outside misbehaves: then no node may lose its lease.
    pub calm: bool,
    state: Mutex<State>,
}

struct State {
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
    findings: Vec<String>,
    totals: Totals,
    /// Stage changes to come, with when they are due.
    timers: BTreeMap<i64, i64>,
    /// How often what a node held has been given to whoever claims it, while that node may still live.
    handed_over: u64,
}

impl Journal {
    pub fn new(time: Time, calm: bool, traced: bool) -> Journal {
        let state = State {
            hash: DefaultHasher::new(),
            lines: traced.then(Vec::new),
            findings: Vec::new(),
            totals: Totals { seeds: 1, ..Totals::default() },
            timers: BTreeMap::new(),
            handed_over: 0,
        };
        Journal { time, calm, state: Mutex::new(state) }
    }

    pub fn is_traced(&self) -> bool {
        self.state.lock().lines.is_some()
    }

    /// Something that happened at this moment. `what` is hashed; the line is made only where it is shown.
    pub fn event(&self, what: impl Hash, line: impl FnOnce() -> String) {
        let mut state = self.state.lock();
        let at = self.time.passed();
        (at, what).hash(&mut state.hash);
        if let Some(lines) = &mut state.lines {
            lines.push(format!("{:>9.3} {}", at.as_secs_f64(), line()));
        }
    }

    pub fn count(&self, count: impl FnOnce(&mut Totals)) {
        count(&mut self.state.lock().totals);
    }

    /// Something that may not be.
    pub fn find(&self, finding: String) {
        self.event("finding", || format!("FINDING: {finding}"));
        self.state.lock().findings.push(finding);
    }

    pub fn committed(&self, deeds: &[Deed]) {
        for deed in deeds {
            if let Some(finding) = self.judge(*deed) {
                self.find(finding);
            }
        }
    }

    fn judge(&self, deed: Deed) -> Option<String> {
        let mut state = self.state.lock();
        match deed {
            Deed::TimerSet { id, due_at } => {
                state.timers.insert(id, due_at);
                None
            }
            Deed::TimerFired { id } => {
                state.totals.timers += 1;
                match state.timers.remove(&id) {
                    None => Some(format!("timer {id} fires twice")),
                    Some(due_at) if due_at > self.time.now().micros() => Some(format!("timer {id} fires early")),
                    Some(_) => None,
                }
            }
            Deed::LeaseTaken { leases } => {
                state.totals.takeovers += leases;
                state.handed_over += 1;
                self.calm.then(|| "a healthy node loses its lease".to_owned())
            }
            Deed::JobsSwept => {
                state.handed_over += 1;
                None
            }
        }
    }

    /// As long as this stays, what a node holds is its own until it dies.
    pub fn handed_over(&self) -> u64 {
        self.state.lock().handed_over
    }

    pub fn has_findings(&self) -> bool {
        !self.state.lock().findings.is_empty()
    }

    pub fn close(&self) -> Closed {
        let mut state = self.state.lock();
        Closed {
            hash: state.hash.finish(),
            findings: std::mem::take(&mut state.findings),
            totals: state.totals,
            lines: state.lines.take().unwrap_or_default(),
        }
    }
}

/// A run when it is over.
pub struct Closed {
    /// Of all that happened; the same for the same seed.
    pub hash: u64,
    pub findings: Vec<String>,
    pub totals: Totals,
    pub lines: Vec<String>,
}
