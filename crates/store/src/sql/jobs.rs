//! Jobs: the rows of what is to be done. A claim names its node, that node's boot, and an epoch that rises with every
//! claim and wherever a job is put back; only the current claim may end a job.
//!
//! The executions of a task wait in `sequence` order; only the first is `ready`, and jobs leave in that order, so the
//! sequences that wait are always one unbroken run behind the task's `finished_sequence`.

use baton_core::ids::Id;
use baton_core::time::Timestamp;

use super::nodes;
use super::turns::{FEW, MANY, Waiting};
use crate::{Dialect, Param, Row, StoreError, Tx};

const WAITING: Waiting = Waiting {
    next: "SELECT workspace_id FROM jobs WHERE ready = 1 AND node_id IS NULL AND workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    last: "SELECT max(workspace_id) FROM jobs WHERE ready = 1 AND node_id IS NULL",
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub node: Id,
    pub boot: i64,
    pub epoch: i64,
}

/// What a job takes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Worker,
    /// What comes next is a call, which takes one of the node's open calls instead.
    Call,
    /// The rows of a file, which take the node's place for imports.
    Import,
}

impl Takes {
    const ALL: [Takes; 3] = [Takes::Worker, Takes::Call, Takes::Import];

    /// As the column `outgoing` has it. A node of a version that knows only the first two never claims another.
    fn number(self) -> i64 {
        match self {
            Takes::Worker => 0,
            Takes::Call => 1,
            Takes::Import => 2,
        }
    }
}

impl From<Takes> for Param<'_> {
    fn from(takes: Takes) -> Self {
        Param::Int(takes.number())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The execution's, or the import's.
    pub id: Id,
    pub workspace: Id,
    /// An import is about no task, and has its own id here.
    pub task: Id,
    pub sequence: i64,
    /// At the head of its task's queue.
    pub ready: bool,
    pub claim: Option<Claim>,
    /// How often it was claimed, this time included.
    pub starts: i64,
    /// Not before; `None` is at once.
    pub due_at: Option<Timestamp>,
    pub takes: Takes,
}

pub fn insert(tx: &mut dyn Tx, job: &Job) -> Result<(), StoreError> {
    insert_at(tx, job, job.claim.map_or(0, |claim| claim.epoch))
}

/// The same for one that goes on after an epoch that nobody holds any more.
fn insert_at(tx: &mut dyn Tx, job: &Job, epoch: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO jobs (id, workspace_id, task_id, sequence, ready, due_at, node_id, boot, epoch, starts, outgoing)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let params = [
        job.id.into(),
        job.workspace.into(),
        job.task.into(),
        job.sequence.into(),
        job.ready.into(),
        job.due_at.map_or(0, Timestamp::micros).into(),
        job.claim.map(|claim| claim.node).into(),
        job.claim.map(|claim| claim.boot).into(),
        epoch.into(),
        job.starts.into(),
        job.takes.into(),
    ];
    tx.send(sql, &params)
}

/// Ends a job, if it is still ours; part of the commit that records the result.
pub fn finish(tx: &mut dyn Tx, id: Id, claim: &Claim) -> Result<(), StoreError> {
    let sql = "DELETE FROM jobs WHERE id = $1 AND node_id = $2 AND boot = $3 AND epoch = $4";
    tx.send_one(sql, &[id.into(), claim.node.into(), claim.boot.into(), claim.epoch.into()], StoreError::LeaseLost)
}

/// Puts a job back that [`finish`] has just ended, since its execution goes on: with its claim, or for whoever claims it next. Nobody
/// has seen it gone. Its epoch rises, so that the row tells whether this was committed. Answers with the job as it is now.
pub fn put_back(tx: &mut dyn Tx, job: &Job, held: &Claim) -> Result<Job, StoreError> {
    let epoch = held.epoch + 1;
    let job = Job { claim: job.claim.map(|claim| Claim { epoch, ..claim }), ..*job };
    insert_at(tx, &job, epoch)?;
    Ok(job)
}

/// Makes a job that nobody runs claimable at once, and holds it until this transaction ends. `false`: somebody runs it.
pub fn hurry(tx: &mut dyn Tx, id: Id) -> Result<bool, StoreError> {
    let sql = "UPDATE jobs SET due_at = 0, outgoing = 0 WHERE id = $1 AND node_id IS NULL";
    Ok(tx.execute(sql, &[id.into()])? == 1)
}

/// Ends a job that nobody runs. `false`: somebody does, or there is none.
pub fn withdraw(tx: &mut dyn Tx, id: Id) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM jobs WHERE id = $1 AND node_id IS NULL", &[id.into()])? == 1)
}

/// Whether a job is still ours, for a write that does not end it; it stays ours until this transaction ends.
pub fn hold(tx: &mut dyn Tx, id: Id, claim: &Claim) -> Result<bool, StoreError> {
    // SQLite has one writer, so nothing can change meanwhile.
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM jobs WHERE id = $1 AND node_id = $2 AND boot = $3 AND epoch = $4",
        Dialect::Postgres => "SELECT 1 FROM jobs WHERE id = $1 AND node_id = $2 AND boot = $3 AND epoch = $4 FOR UPDATE",
    };
    let params = [id.into(), claim.node.into(), claim.boot.into(), claim.epoch.into()];
    Ok(tx.query_one(sql, &params, |_| Ok(()))?.is_some())
}

/// A job as it is, asked for after a commit of unknown outcome: what was sent to PostgreSQL may still be under way there, and holds its
/// locks until it has come to be or never will. A run and a claim lock the row of the job; what accepts an execution, whose row nobody
/// can see yet, locks its task.
pub fn settled(tx: &mut dyn Tx, job: &Job) -> Result<Option<Job>, StoreError> {
    if tx.dialect() == Dialect::Postgres {
        // In the order of a run, and in statements of their own, for only the next one sees what came of it.
        tx.send("SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE", &[job.id.into()])?;
        tx.send("SELECT 1 FROM tasks WHERE id = $1 FOR NO KEY UPDATE", &[job.task.into()])?;
    }
    let sql = "SELECT id, workspace_id, task_id, sequence, ready, due_at, node_id, boot, epoch, starts, outgoing FROM jobs WHERE id = $1";
    tx.query_one(sql, &[job.id.into()], read)
}

/// The next execution of a task becomes ready. It is claimed at once by the node that has just finished one, or with
/// `None` left to whoever claims it. Only under the lock of the task, where there still is one.
pub fn promote_next(tx: &mut dyn Tx, task: Id, by: Option<&Claim>) -> Result<Option<Job>, StoreError> {
    // Two statements, for mostly nothing waits, and SQLite sets up a table in memory for every RETURNING.
    let sql = "SELECT id, workspace_id, task_id, sequence, ready, due_at, node_id, boot, epoch, starts, outgoing
        FROM jobs WHERE task_id = $1 ORDER BY sequence LIMIT 1";
    let Some(next) = tx.query_one(sql, &[task.into()], read_waiting)? else { return Ok(None) };
    if next.job.ready {
        return Ok(None);
    }
    let claimed = i64::from(by.is_some());
    let (epoch, starts) = (next.epoch + claimed, next.job.starts + claimed);
    let sql = "UPDATE jobs SET ready = 1, node_id = $1, boot = $2, epoch = $3, starts = $4
        WHERE id = $5 AND ready = 0 AND epoch = $6";
    let id = next.job.id;
    let params = [by.map(|by| by.node).into(), by.map(|by| by.boot).into(), epoch.into(), starts.into(), id.into(), next.epoch.into()];
    if tx.execute(sql, &params)? != 1 {
        return Err(StoreError::Sql(format!("job {id} of task {task} changed without the task's lock")));
    }
    Ok(Some(Job { ready: true, claim: by.map(|by| Claim { epoch, ..*by }), starts, ..next.job }))
}

struct Head {
    job: Job,
    /// Also where nobody has a claim.
    epoch: i64,
}

fn read_waiting(row: &dyn Row) -> Result<Head, StoreError> {
    Ok(Head { job: read(row)?, epoch: row.int(8)? })
}

fn read(row: &dyn Row) -> Result<Job, StoreError> {
    let claim = match (row.opt_id(6)?, row.opt_int(7)?) {
        (Some(node), Some(boot)) => Some(Claim { node, boot, epoch: row.int(8)? }),
        _ => None,
    };
    Ok(Job {
        id: row.id(0)?,
        workspace: row.id(1)?,
        task: row.id(2)?,
        sequence: row.int(3)?,
        ready: row.bool(4)?,
        claim,
        starts: row.int(9)?,
        due_at: Some(row.time(5)?).filter(|due_at| due_at.micros() != 0),
        takes: takes(row)?,
    })
}

fn takes(row: &dyn Row) -> Result<Takes, StoreError> {
    let number = row.int(10)?;
    let corrupt = || StoreError::Corrupt { table: "jobs", id: format!("{:?}", row.int(0)), what: format!("outgoing is {number}") };
    Takes::ALL.into_iter().find(|takes| takes.number() == number).ok_or_else(corrupt)
}

/// What a node has room for.
pub struct Room<'a> {
    pub workers: usize,
    /// Open calls, in all and for each workspace.
    pub calls: usize,
    pub calls_of: &'a dyn Fn(Id) -> usize,
    pub imports: usize,
}

/// Whether [`claim`] would have anything to do; a cheap look, since an idle node asks often.
pub fn any_claimable(tx: &mut dyn Tx, now: Timestamp, wanted: &[Takes]) -> Result<bool, StoreError> {
    let now = nodes::lease_clock(tx, now)?;
    let sql = "SELECT 1 FROM jobs WHERE ready = 1 AND node_id IS NULL AND outgoing = $1 AND due_at <= $2 LIMIT 1";
    for takes in wanted {
        if tx.query_one(sql, &[(*takes).into(), now.into()], |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    nodes::any_ended(tx, now)
}

/// What [`claim`] has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    pub jobs: Vec<Job>,
    /// Leases of other nodes that it found ended.
    pub takeovers: usize,
}

/// Claims jobs that are ready and due, the oldest of each workspace, and every workspace alike: one that queues many does not keep
/// another's waiting.
pub fn claim(tx: &mut dyn Tx, node: Id, boot: i64, now: Timestamp, room: &Room<'_>) -> Result<Claimed, StoreError> {
    let now = nodes::lease_clock(tx, now)?;
    let takeovers = nodes::take_back(tx, node, now)?;
    let workspaces = WAITING.workspaces(tx, now.micros().unsigned_abs(), MANY)?;
    if workspaces.is_empty() {
        return Ok(Claimed { jobs: Vec::new(), takeovers });
    }
    let mut claimed = Vec::new();
    for (limit, takes) in [(room.workers, Takes::Worker), (room.calls, Takes::Call), (room.imports, Takes::Import)] {
        let mut left = limit;
        // Each workspace with what it may have at most. One that has had its share may have more; what others leave is shared anew.
        let most = |workspace: &Id| if takes == Takes::Call { (room.calls_of)(*workspace) } else { limit };
        let mut asking: Vec<(Id, usize)> = workspaces.iter().map(|workspace| (*workspace, most(workspace))).collect();
        while left > 0 && !asking.is_empty() {
            let share = left.div_ceil(asking.len());
            let mut again = Vec::new();
            for (workspace, most) in asking {
                let limit = share.min(left).min(most);
                if limit > 0 {
                    let jobs = claim_of(tx, workspace, Claim { node, boot, epoch: 0 }, now, takes, limit)?;
                    left -= jobs.len();
                    if jobs.len() == limit {
                        again.push((workspace, most - limit));
                    }
                    claimed.extend(jobs);
                }
            }
            asking = again;
        }
    }
    Ok(Claimed { jobs: claimed, takeovers })
}

/// Claims one job of the kind that is ready and due, by turns of every workspace.
pub fn claim_next(tx: &mut dyn Tx, by: &Claim, now: Timestamp, takes: Takes) -> Result<Option<Job>, StoreError> {
    let now = nodes::lease_clock(tx, now)?;
    for workspace in WAITING.workspaces(tx, now.micros().unsigned_abs(), FEW)? {
        if let Some(job) = claim_of(tx, workspace, Claim { epoch: 0, ..*by }, now, takes, 1)?.pop() {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// How many jobs of the kind a workspace has that could be claimed now; counted up to `most`.
pub fn count_claimable(tx: &mut dyn Tx, workspace: Id, takes: Takes, now: Timestamp, most: usize) -> Result<usize, StoreError> {
    let now = nodes::lease_clock(tx, now)?;
    let sql = "SELECT count(*) FROM (SELECT 1 FROM jobs
        WHERE workspace_id = $1 AND ready = 1 AND node_id IS NULL AND outgoing = $2 AND due_at <= $3 LIMIT $4) AS claimable";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let params = [workspace.into(), takes.into(), now.into(), most.into()];
    let count = tx.query_one(sql, &params, |row| row.int(0))?.unwrap_or(0);
    Ok(usize::try_from(count).unwrap_or(0))
}

fn claim_of(tx: &mut dyn Tx, workspace: Id, by: Claim, now: Timestamp, takes: Takes, limit: usize) -> Result<Vec<Job>, StoreError> {
    // Two nodes that claim at once must not wait for each other; SQLite has one writer and no such clause.
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "WITH picked AS MATERIALIZED (SELECT id FROM jobs
                WHERE workspace_id = $1 AND ready = 1 AND node_id IS NULL AND outgoing = $2 AND due_at <= $3 ORDER BY due_at, id LIMIT $4)
            UPDATE jobs SET node_id = $5, boot = $6, epoch = epoch + 1, starts = starts + 1
            WHERE id IN (SELECT id FROM picked)
            RETURNING id, workspace_id, task_id, sequence, ready, due_at, node_id, boot, epoch, starts, outgoing"
        }
        Dialect::Postgres => {
            "WITH picked AS MATERIALIZED (SELECT id FROM jobs
                WHERE workspace_id = $1 AND ready = 1 AND node_id IS NULL AND outgoing = $2 AND due_at <= $3 ORDER BY due_at, id LIMIT $4
                FOR UPDATE SKIP LOCKED)
            UPDATE jobs SET node_id = $5, boot = $6, epoch = epoch + 1, starts = starts + 1
            WHERE id IN (SELECT id FROM picked)
            RETURNING id, workspace_id, task_id, sequence, ready, due_at, node_id, boot, epoch, starts, outgoing"
        }
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [workspace.into(), takes.into(), now.into(), limit.into(), by.node.into(), by.boot.into()];
    let mut jobs = tx.query(sql, &params, read)?;
    jobs.sort_by_key(|job| (job.due_at, job.id));
    Ok(jobs)
}

/// Executions that nobody runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    pub count: i64,
    /// Since when the first of those waits that could run at once.
    pub since: Option<Timestamp>,
}

/// More are not counted, for anybody may ask.
const DEPTH_MAX: i64 = 50_000;

/// For whoever watches, every few seconds.
pub fn depth(tx: &mut dyn Tx, now: Timestamp) -> Result<Depth, StoreError> {
    let sql = "SELECT count(*), min(CASE WHEN ready = 1 AND due_at = 0 THEN id END),
            min(CASE WHEN ready = 1 AND due_at > 0 AND due_at <= $1 THEN due_at END)
        FROM (SELECT id, ready, due_at FROM jobs WHERE node_id IS NULL AND outgoing <> $2 ORDER BY id LIMIT $3) AS waiting";
    // An import may take hours, and says nothing of whether the nodes keep up.
    let found = tx.query_one(sql, &[now.into(), Takes::Import.into(), DEPTH_MAX.into()], |row| {
        let (accepted, due) = (row.opt_id(1)?.map(Id::made_at), row.opt_time(2)?);
        Ok(Depth { count: row.int(0)?, since: accepted.into_iter().chain(due).min() })
    })?;
    Ok(found.unwrap_or(Depth { count: 0, since: None }))
}

/// How many jobs there are.
pub fn count(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT count(*) FROM jobs", &[], |row| row.int(0))?.unwrap_or(0))
}
