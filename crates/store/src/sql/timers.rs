//! Timers: stage changes to come. One is deleted in the transaction that makes its change, so it is made once.

use baton_core::execution::Timer;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::workflow::StageRef;

use super::nodes;
use super::turns::{MANY, Waiting};
use crate::{Row, StoreError, Tx};

const WAITING: Waiting = Waiting {
    next: "SELECT workspace_id FROM timers WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    last: "SELECT max(workspace_id) FROM timers",
};

#[derive(Clone, Debug, PartialEq)]
pub struct TimerRow {
    pub id: Id,
    pub workspace: Id,
    pub workflow: Id,
    pub task: Id,
    /// That scheduled it.
    pub execution: Id,
    pub timer: Timer,
}

/// By how much the clock that timers go by is ahead of ours: one reckoned by ours would fire so much too early.
pub fn ahead_micros(tx: &mut dyn Tx, ours: Timestamp) -> Result<i64, StoreError> {
    Ok((nodes::lease_clock(tx, ours)?.micros() - ours.micros()).max(0))
}

pub fn insert(tx: &mut dyn Tx, row: &TimerRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO timers (id, workspace_id, workflow_id, task_id, execution_id, from_stage_id, stage_id, stage_name, keep, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let params = [
        row.id.into(),
        row.workspace.into(),
        row.workflow.into(),
        row.task.into(),
        row.execution.into(),
        row.timer.from.into(),
        row.timer.to.id.into(),
        row.timer.to.name.as_str().into(),
        row.timer.keep.into(),
        row.timer.due_at.into(),
    ];
    tx.send(sql, &params)
}

/// A task has got so many more timers that end with its stage.
pub fn count_on_task(tx: &mut dyn Tx, task: Id, more: i64) -> Result<(), StoreError> {
    tx.send("UPDATE tasks SET timers = timers + $1 WHERE id = $2", &[more.into(), task.into()])
}

/// Takes away the timers of a task that end when it leaves its stage, and answers with them.
pub fn drop_of_stage(tx: &mut dyn Tx, task: Id) -> Result<Vec<TimerRow>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, execution_id, from_stage_id, stage_id, stage_name, keep, due_at
        FROM timers WHERE task_id = $1 AND keep = 0 ORDER BY id";
    let dropped = tx.query(sql, &[task.into()], read)?;
    tx.send("DELETE FROM timers WHERE task_id = $1 AND keep = 0", &[task.into()])?;
    tx.send("UPDATE tasks SET timers = 0 WHERE id = $1", &[task.into()])?;
    Ok(dropped)
}

pub fn delete_of_task(tx: &mut dyn Tx, task: Id) -> Result<(), StoreError> {
    tx.send("DELETE FROM timers WHERE task_id = $1", &[task.into()])
}

/// Timers of one workspace in one look.
const OF_ONE_MAX: i64 = 16;

/// Timers that are due: some of every workspace, the oldest of each. `turn` is another number each time. They are not held: whoever
/// deletes one has it. Those of archived workflows wait, also what was
/// scheduled since.
pub fn due(tx: &mut dyn Tx, now: Timestamp, turn: u64) -> Result<Vec<TimerRow>, StoreError> {
    let now = nodes::lease_clock(tx, now)?;
    // A cheap look first, since an idle node asks often.
    if tx.query_one("SELECT 1 FROM timers WHERE due_at <= $1 LIMIT 1", &[now.into()], |_| Ok(()))?.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, workspace_id, workflow_id, task_id, execution_id, from_stage_id, stage_id, stage_name, keep, due_at
        FROM timers t WHERE workspace_id = $1 AND due_at <= $2
        AND NOT EXISTS (SELECT 1 FROM workflows w WHERE w.id = t.workflow_id AND w.archived_at IS NOT NULL)
        ORDER BY due_at, id LIMIT $3";
    let mut found = Vec::new();
    for workspace in WAITING.workspaces(tx, turn, MANY)? {
        found.extend(tx.query(sql, &[workspace.into(), now.into(), OF_ONE_MAX.into()], read)?);
    }
    if found.is_empty() {
        // Of so many workspaces that the one was not among them.
        let sql = "SELECT id, workspace_id, workflow_id, task_id, execution_id, from_stage_id, stage_id, stage_name, keep, due_at
            FROM timers t WHERE due_at <= $1
            AND NOT EXISTS (SELECT 1 FROM workflows w WHERE w.id = t.workflow_id AND w.archived_at IS NOT NULL)
            ORDER BY due_at LIMIT $2";
        found = tx.query(sql, &[now.into(), OF_ONE_MAX.into()], read)?;
    }
    Ok(found)
}

/// What the moments of timers are put off by while their workflow is archived: so far that no look comes upon them, and told apart from
/// every moment that is meant.
const PARKED_MICROS: i64 = 1 << 61;

/// The timers of a workflow that is archived, which every look would otherwise find due and leave where they are.
pub fn park(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    let sql = "UPDATE timers SET due_at = due_at + $1 WHERE workflow_id = $2 AND due_at < $1";
    tx.send(sql, &[PARKED_MICROS.into(), workflow.into()])
}

/// They are due again when they were to be.
pub fn unpark(tx: &mut dyn Tx, workflow: Id) -> Result<(), StoreError> {
    let sql = "UPDATE timers SET due_at = due_at - $1 WHERE workflow_id = $2 AND due_at >= $1";
    tx.send(sql, &[PARKED_MICROS.into(), workflow.into()])
}

pub fn postpone(tx: &mut dyn Tx, id: Id, until: Timestamp) -> Result<(), StoreError> {
    tx.send("UPDATE timers SET due_at = $1 WHERE id = $2", &[until.into(), id.into()])
}

/// Ends a timer; under the lock of its task. `false`: somebody else has, or it was dropped.
pub fn delete(tx: &mut dyn Tx, id: Id) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM timers WHERE id = $1", &[id.into()])? == 1)
}

fn read(row: &dyn Row) -> Result<TimerRow, StoreError> {
    let to = StageRef { id: row.id(6)?, name: row.text(7)?.to_owned() };
    let due_at = row.int(9)?;
    let due_at = Timestamp::from_micros(if due_at < PARKED_MICROS { due_at } else { due_at - PARKED_MICROS });
    Ok(TimerRow {
        id: row.id(0)?,
        workspace: row.id(1)?,
        workflow: row.id(2)?,
        task: row.id(3)?,
        execution: row.id(4)?,
        timer: Timer { from: row.id(5)?, to, keep: row.bool(8)?, due_at, from_now: false, left: false },
    })
}
