//! What happens to a pair of nodes, and what it shows of itself.

use std::time::{Duration, Instant};

use super::pair::{Pair, Stage};
use crate::crash::load::Sent;
use crate::postgres::Cluster;
use crate::{Outcome, clock};

/// What a node held has gone on elsewhere by then.
const TAKEOVER_LONGEST: Duration = Duration::from_secs(12);
/// What was claimed elsewhere has run by then, whatever the one that stands still has locked.
const GOING_ON_LONGEST: Duration = Duration::from_secs(25);
/// Long enough to say by how much it was missed.
const TAKEOVER_GIVEN_UP: Duration = Duration::from_secs(60);
/// Tries to stop a node in the midst of a transaction, while it still has its calls under way.
const FREEZES: usize = 20;
const BETWEEN_FREEZES: Duration = Duration::from_millis(7);
/// How long the load goes on after it.
const LOAD_AFTER: Duration = Duration::from_millis(500);
const BETWEEN_DISCONNECTS: Duration = Duration::from_millis(700);
const LATE_WRITE_LONGEST: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// SIGKILL of one node.
    Kill,
    /// SIGSTOP of one node for so long, then SIGCONT.
    Pause(Duration),
    /// Of PostgreSQL.
    Restart,
    /// All connections of both nodes are ended by PostgreSQL, twice.
    Disconnect,
    /// Calls that get no answer.
    Hang,
}

/// What it came to.
#[derive(Default)]
pub struct Aftermath {
    pub held: usize,
    pub takeover: Option<Duration>,
    /// Of the node that stood still.
    pub open_transactions: usize,
    /// Until every task had gone on while the node stood still.
    pub going_on: Option<Duration>,
    pub late_writes: u64,
    pub sent: Vec<Sent>,
    pub findings: Vec<String>,
}

impl Trouble {
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Kill => "kills",
            Trouble::Pause(_) => "pauses",
            Trouble::Restart => "restarts of PostgreSQL",
            Trouble::Disconnect => "rounds without connections",
            Trouble::Hang => "rounds of hanging calls",
        }
    }

    /// How often a call may be interrupted by it.
    pub fn deaths(self) -> usize {
        match self {
            Trouble::Kill | Trouble::Pause(_) => 1,
            Trouble::Restart | Trouble::Disconnect => 2,
            Trouble::Hang => 0,
        }
    }

    /// Whether calls may be interrupted by it and end while the load is still on. A takeover comes later than that.
    pub fn goes_on_under_load(self) -> bool {
        matches!(self, Trouble::Restart | Trouble::Disconnect)
    }

    /// Brings it while the load is on; ends the load.
    pub fn bring(self, pair: &mut Pair, cluster: &Cluster, stage: &Stage<'_>) -> Outcome<Aftermath> {
        match self {
            Trouble::Kill => {
                let start = clock::now();
                pair.victim().kill()?;
                let held = pair.held(cluster)?;
                clock::pause(LOAD_AFTER);
                stage.end_load();
                taken_over(pair, cluster, &held, start)
            }
            Trouble::Pause(length) => {
                let before = pair.late_writes()?;
                let (start, open_transactions) = freeze(pair, cluster)?;
                // Whatever comes, it must not stand still for ever: its clients wait for it.
                let aftermath = while_frozen(pair, cluster, stage, start);
                clock::pause(length.saturating_sub(start.elapsed()));
                pair.victim().thaw()?;
                let mut aftermath = Aftermath { open_transactions, ..aftermath? };
                // PostgreSQL ends a transaction that is open for long: what it wrote is lost, which is no late write.
                if aftermath.held > open_transactions {
                    let refused = clock::wait_for("a late write that is refused", LATE_WRITE_LONGEST, || {
                        Ok(pair.late_writes().ok().filter(|now| *now > before))
                    });
                    match refused {
                        Ok(now) => aftermath.late_writes = now - before,
                        Err(error) => aftermath.findings.push(format!("{error}, though {} were held", aftermath.held)),
                    }
                }
                Ok(aftermath)
            }
            Trouble::Restart => {
                cluster.restart()?;
                clock::pause(LOAD_AFTER);
                stage.end_load();
                pair.wait_until_ready()?;
                Ok(Aftermath::default())
            }
            Trouble::Disconnect => {
                for _ in 0..2 {
                    pair.disconnect(cluster)?;
                    clock::pause(BETWEEN_DISCONNECTS);
                }
                stage.end_load();
                pair.wait_until_ready()?;
                Ok(Aftermath::default())
            }
            Trouble::Hang => {
                clock::pause(LOAD_AFTER);
                stage.end_load();
                Ok(Aftermath::default())
            }
        }
    }
}

/// In the midst of a transaction if one is met, for then it matters most. When it stood still, and how many transactions are open.
fn freeze(pair: &mut Pair, cluster: &Cluster) -> Outcome<(Instant, usize)> {
    for _ in 1..FREEZES {
        let start = clock::now();
        pair.victim().freeze()?;
        let open = pair.open_transactions(cluster)?;
        if open > 0 {
            return Ok((start, open));
        }
        pair.victim().thaw()?;
        clock::pause(BETWEEN_FREEZES);
    }
    let start = clock::now();
    pair.victim().freeze()?;
    Ok((start, 0))
}

fn while_frozen(pair: &Pair, cluster: &Cluster, stage: &Stage<'_>, start: Instant) -> Outcome<Aftermath> {
    let held = pair.held(cluster)?;
    clock::pause(LOAD_AFTER);
    stage.end_load();
    let mut aftermath = taken_over(pair, cluster, &held, start)?;
    aftermath.sent = stage.go_on(&mut pair.survivor())?;
    let going_on = start.elapsed();
    if going_on > GOING_ON_LONGEST {
        aftermath.findings.push(format!("while a node stood still the tasks went on only after {going_on:?}"));
    }
    aftermath.going_on = Some(going_on);
    Ok(aftermath)
}

fn taken_over(pair: &Pair, cluster: &Cluster, held: &[String], start: Instant) -> Outcome<Aftermath> {
    let mut aftermath = Aftermath { held: held.len(), ..Aftermath::default() };
    if held.is_empty() {
        aftermath.findings.push("the node held nothing, so that nothing was tried".to_owned());
        return Ok(aftermath);
    }
    clock::wait_for("the takeover of what a node held", TAKEOVER_GIVEN_UP, || {
        let left = pair.left(cluster, held)?;
        if left > 0 {
            clock::pause(Duration::from_millis(50));
        }
        Ok((left == 0).then_some(()))
    })?;
    let takeover = start.elapsed();
    if takeover > TAKEOVER_LONGEST {
        aftermath.findings.push(format!("{} executions went on elsewhere only after {takeover:?}", held.len()));
    }
    aftermath.takeover = Some(takeover);
    Ok(aftermath)
}
