//! A transaction whose statements are seen, and where an engine is to be broken, bent.

use std::hash::Hash;

use baton_core::time::Timestamp;
use baton_store::link::Access;
use baton_store::{Dialect, Param, Row, StoreError, Tx};
use parking_lot::Mutex;

use super::broken::Broken;
use super::journal::Deed;
use super::wire::{Done, Ground};

const ACCEPT: &str = "INSERT INTO executions ";
/// Where [`ACCEPT`] has the revision, and the one that checks nothing.
const ACCEPT_REVISION: usize = 5;
pub const LAX_REVISION: i64 = 1;
const END_JOB: &str = "DELETE FROM jobs WHERE id = $1 AND node_id";
const RENEW_LEASE: &str = "UPDATE nodes SET lease_until = $1 WHERE id = $2 AND boot";
const TAKE_LEASE: &str = "UPDATE nodes SET lease_until = NULL WHERE lease_until <";
const SWEEP_JOBS: &str = "UPDATE jobs SET node_id = NULL, boot = NULL
        WHERE node_id IS NOT NULL";
const CHANGE_TASK: &str = "UPDATE tasks SET stage_id";
const SET_TIMER: &str = "INSERT INTO timers ";
/// Where [`SET_TIMER`] has the moment.
const TIMER_DUE: usize = 9;
const FIRE_TIMER: &str = "DELETE FROM timers WHERE id";

pub struct Watched<'a> {
    pub tx: &'a mut dyn Tx,
    pub ground: &'a Ground,
    pub access: Access,
    pub done: &'a Mutex<Done>,
    pub traced: bool,
}

impl Watched<'_> {
    fn see(&self, sql: &str, params: &[Param<'_>]) {
        if self.access == Access::Read {
            return;
        }
        let mut done = self.done.lock();
        sql.len().hash(&mut done.hash);
        for param in params {
            match param {
                Param::Null => 0u8.hash(&mut done.hash),
                Param::Int(number) => number.hash(&mut done.hash),
                Param::Text(text) => text.hash(&mut done.hash),
                Param::Bytes(bytes) => bytes.hash(&mut done.hash),
            }
        }
        if self.traced && !sql.trim_start().starts_with("SELECT") {
            let words = sql.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
            let shown: Vec<String> = params.iter().map(show).collect();
            done.lines.push(format!("\n            {words} ({})", shown.join(", ")));
        }
        if sql.starts_with(END_JOB) {
            done.ends_job = true;
        }
    }

    /// What this statement means when it is committed.
    fn deed(&self, sql: &str, params: &[Param<'_>], rows: u64) {
        let int = |index: usize| match params.get(index) {
            Some(Param::Int(number)) => *number,
            _ => 0,
        };
        let deed = if sql.starts_with(SET_TIMER) {
            Deed::TimerSet { id: int(0), due_at: int(TIMER_DUE) }
        } else if rows > 0 && sql.starts_with(FIRE_TIMER) {
            Deed::TimerFired { id: int(0) }
        } else if rows > 0 && sql.starts_with(TAKE_LEASE) {
            Deed::LeaseTaken { leases: rows }
        } else if rows > 0 && sql.starts_with(SWEEP_JOBS) {
            Deed::JobsSwept
        } else {
            return;
        };
        self.done.lock().deeds.push(deed);
    }
}

fn show(param: &Param<'_>) -> String {
    match param {
        Param::Null => "null".to_owned(),
        Param::Int(number) => number.to_string(),
        Param::Text(text) => text.to_string(),
        Param::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

impl Tx for Watched<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.see(sql, params);
        let broken = self.ground.broken;
        if broken == Some(Broken::LeaseNotRenewed) && sql.starts_with(RENEW_LEASE) {
            return Ok(1);
        }
        let rows = if broken == Some(Broken::CheckNotRepeated) && sql.starts_with(ACCEPT) {
            let mut bent = params.to_vec();
            bent[ACCEPT_REVISION] = Param::Int(LAX_REVISION);
            self.tx.execute(sql, &bent)?
        } else {
            self.tx.execute(sql, params)?
        };
        self.deed(sql, params, rows);
        if broken == Some(Broken::EffectOutside) && sql.starts_with(CHANGE_TASK) {
            let mut done = self.done.lock();
            if done.ends_job {
                done.apart.push(Kept::new(sql, params));
            }
        }
        Ok(rows)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.see(sql, params);
        let mut rows = 0;
        self.tx.rows(sql, params, &mut |row| {
            rows += 1;
            each(row)
        })?;
        self.deed(sql, params, rows);
        Ok(())
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }

    fn shared_clock(&self) -> Option<Timestamp> {
        Some(self.ground.journal.time.now())
    }

    fn send_one(&mut self, sql: &'static str, params: &[Param<'_>], otherwise: StoreError) -> Result<(), StoreError> {
        if self.execute(sql, params)? == 1 {
            return Ok(());
        }
        if otherwise == StoreError::LeaseLost {
            if self.ground.broken == Some(Broken::NoFence) {
                return self.tx.execute("DELETE FROM jobs WHERE id = $1", &params[..1]).map(drop);
            }
            self.ground.journal.event("late", || "a late write is refused".to_owned());
            self.ground.journal.count(|totals| totals.late_writes += 1);
            if self.ground.journal.calm {
                self.ground.journal.find("a healthy node loses a claim".to_owned());
            }
        }
        Err(otherwise)
    }
}

/// A statement to be run once more, in a transaction of its own.
pub struct Kept {
    sql: &'static str,
    params: Vec<KeptParam>,
}

enum KeptParam {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Kept {
    fn new(sql: &'static str, params: &[Param<'_>]) -> Kept {
        let own = |param: &Param<'_>| match param {
            Param::Null => KeptParam::Null,
            Param::Int(number) => KeptParam::Int(*number),
            Param::Text(text) => KeptParam::Text((*text).to_owned()),
            Param::Bytes(bytes) => KeptParam::Bytes(bytes.to_vec()),
        };
        Kept { sql, params: params.iter().map(own).collect() }
    }

    pub fn run(&self, tx: &mut dyn Tx) -> Result<u64, StoreError> {
        let params: Vec<Param<'_>> = self.params.iter().map(KeptParam::lend).collect();
        tx.execute(self.sql, &params)
    }
}

impl KeptParam {
    fn lend(&self) -> Param<'_> {
        match self {
            KeptParam::Null => Param::Null,
            KeptParam::Int(number) => Param::Int(*number),
            KeptParam::Text(text) => Param::Text(text),
            KeptParam::Bytes(bytes) => Param::Bytes(bytes),
        }
    }
}
