//! What the indexes of tasks say, in their order, without a look at the tasks. Each statement is one constant text, so it
//! stays prepared.

use baton_core::ids::Id;

use crate::{Param, StoreError, Tx};

/// Rows of an index that are read at once where all of them are wanted: on PostgreSQL an answer is held in memory.
const SCANNED_AT_ONCE: usize = 20_000;

/// Between two keys of an index: `(sort key, task id)`, neither of which is part of it.
pub(super) type Point = (String, i64);

/// Before and behind every task of a key.
pub(super) fn before(key: &str) -> Point {
    (key.to_owned(), -1)
}

pub(super) fn behind(key: &str) -> Point {
    (key.to_owned(), i64::MAX)
}

/// Behind every key: none is longer than 200 bytes.
pub(super) fn end() -> Point {
    (char::MAX.to_string().repeat(51), i64::MAX)
}

/// Ids that stand in the order of creation in some index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    All,
    Stage(Id),
    Assignee(Id),
    /// Of one sort key of a field.
    Key(Id, String),
}

/// Where a scan goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Rising(i64),
    Falling(i64),
}

impl Way {
    pub fn start(descending: bool) -> Way {
        if descending { Way::Falling(i64::MAX) } else { Way::Rising(-1) }
    }

    pub fn behind(self, id: i64) -> Way {
        match self {
            Way::Rising(_) => Way::Rising(id),
            Way::Falling(_) => Way::Falling(id),
        }
    }
}

/// Some ids of a run.
pub(super) fn ids(tx: &mut dyn Tx, workflow: Id, run: &Run, way: Way, limit: usize) -> Result<Vec<i64>, StoreError> {
    let limit = Param::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let id = |row: &dyn crate::Row| row.int(0);
    match (run, way) {
        (Run::All, Way::Rising(after)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            &[workflow.into(), after.into(), limit],
            id,
        ),
        (Run::All, Way::Falling(before)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            &[workflow.into(), before.into(), limit],
            id,
        ),
        (Run::Stage(stage), Way::Rising(after)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND stage_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            &[workflow.into(), (*stage).into(), after.into(), limit],
            id,
        ),
        (Run::Stage(stage), Way::Falling(before)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND stage_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
            &[workflow.into(), (*stage).into(), before.into(), limit],
            id,
        ),
        (Run::Assignee(user), Way::Rising(after)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND assignee_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            &[workflow.into(), (*user).into(), after.into(), limit],
            id,
        ),
        (Run::Assignee(user), Way::Falling(before)) => tx.query(
            "SELECT id FROM tasks WHERE workflow_id = $1 AND assignee_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
            &[workflow.into(), (*user).into(), before.into(), limit],
            id,
        ),
        (Run::Key(field, key), Way::Rising(after)) => tx.query(
            "SELECT task_id FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND sort_key = $3 AND task_id > $4
                ORDER BY task_id LIMIT $5",
            &[workflow.into(), (*field).into(), Param::Text(key), after.into(), limit],
            id,
        ),
        (Run::Key(field, key), Way::Falling(before)) => tx.query(
            "SELECT task_id FROM task_values WHERE workflow_id = $1 AND field_id = $2 AND sort_key = $3 AND task_id < $4
                ORDER BY task_id DESC LIMIT $5",
            &[workflow.into(), (*field).into(), Param::Text(key), before.into(), limit],
            id,
        ),
    }
}

/// Every id of a run, in the order of creation.
pub(super) fn each_id(tx: &mut dyn Tx, workflow: Id, run: &Run, each: &mut dyn FnMut(i64)) -> Result<(), StoreError> {
    let mut way = Way::Rising(-1);
    loop {
        let found = ids(tx, workflow, run, way, SCANNED_AT_ONCE)?;
        found.iter().for_each(|id| each(*id));
        match found.last() {
            Some(last) if found.len() == SCANNED_AT_ONCE => way = way.behind(*last),
            _ => return Ok(()),
        }
    }
}

/// Every task that has an assignee.
pub(super) fn each_assigned(tx: &mut dyn Tx, workflow: Id, each: &mut dyn FnMut(i64)) -> Result<(), StoreError> {
    let sql = "SELECT assignee_id, id FROM tasks
        WHERE workflow_id = $1 AND assignee_id IS NOT NULL AND (assignee_id, id) > ($2, $3) ORDER BY assignee_id, id LIMIT $4";
    let mut last = (-1, -1);
    loop {
        let mut read = 0;
        let params = [workflow.into(), last.0.into(), last.1.into(), Param::Int(SCANNED_AT_ONCE as i64)];
        tx.rows(sql, &params, &mut |row| {
            last = (row.int(0)?, row.int(1)?);
            read += 1;
            each(last.1);
            Ok(())
        })?;
        if read < SCANNED_AT_ONCE {
            return Ok(());
        }
    }
}

/// One row of the index of a field.
pub(super) struct Entry<'a> {
    pub sort: &'a str,
    pub exact: &'a str,
    pub task: i64,
}

/// Between `from` and `to` of a field, at most `limit`; rising, or falling both by key and by id. Answers with how many there were.
pub(super) fn entries(
    tx: &mut dyn Tx,
    (workflow, field): (Id, Id),
    (from, to): (&Point, &Point),
    descending: bool,
    limit: usize,
    each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>,
) -> Result<usize, StoreError> {
    let sql = if descending {
        "SELECT sort_key, task_id, exact_key FROM task_values WHERE workflow_id = $1 AND field_id = $2
            AND (sort_key, task_id) > ($3, $4) AND (sort_key, task_id) < ($5, $6) ORDER BY sort_key DESC, task_id DESC LIMIT $7"
    } else {
        "SELECT sort_key, task_id, exact_key FROM task_values WHERE workflow_id = $1 AND field_id = $2
            AND (sort_key, task_id) > ($3, $4) AND (sort_key, task_id) < ($5, $6) ORDER BY sort_key, task_id LIMIT $7"
    };
    let params = [
        workflow.into(),
        field.into(),
        Param::Text(&from.0),
        from.1.into(),
        Param::Text(&to.0),
        to.1.into(),
        Param::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
    ];
    let mut read = 0;
    tx.rows(sql, &params, &mut |row| {
        read += 1;
        let sort = row.text(0)?;
        each(Entry { sort, exact: row.opt_text(2)?.unwrap_or(sort), task: row.int(1)? })
    })?;
    Ok(read)
}

/// The same without a limit, rising.
pub(super) fn each_entry(
    tx: &mut dyn Tx,
    of: (Id, Id),
    (from, to): (&Point, &Point),
    each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut last = from.clone();
    loop {
        let from = last.clone();
        let read = entries(tx, of, (&from, to), false, SCANNED_AT_ONCE, &mut |entry| {
            last.1 = entry.task;
            if last.0 != entry.sort {
                entry.sort.clone_into(&mut last.0);
            }
            each(entry)
        })?;
        if read < SCANNED_AT_ONCE {
            return Ok(());
        }
    }
}
