//! Whether the history is what was written: every sealed row is hashed anew and the chain is walked.

use baton_core::activity::{Hash, chain, hash};
use baton_core::ids::Id;

use super::activity::{ActivityRow, Head, read};
use crate::{Dialect, StoreError, Tx};

const ROWS_AT_ONCE: i64 = 1000;
/// After so many the point is made.
const FAULTS_MAX: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub sealed: u64,
    /// Sealed rows whose values went with their task.
    pub erased: u64,
    /// Rows that the sealer has not reached yet.
    pub unsealed: u64,
    pub faults: Vec<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The row does not have the content that was hashed.
    Changed { sequence: i64, activity: Id },
    /// No row has this place.
    Missing { sequence: i64 },
    /// The row is not the one that was sealed at this place.
    OutOfPlace { sequence: i64, activity: Id },
    /// The row's values are gone, but its task was never deleted.
    Erased { sequence: i64, activity: Id },
    /// The chain ends elsewhere than at its last row.
    End { sequence: i64 },
    /// A row that no sealer can have left behind.
    Unsealed { activity: Id },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Changed { sequence, activity } => write!(f, "row {sequence} ({activity}) has been changed"),
            Fault::Missing { sequence } => write!(f, "row {sequence} has been removed"),
            Fault::OutOfPlace { sequence, activity } => {
                write!(f, "row {sequence} ({activity}) is not the one that was sealed there")
            }
            Fault::Erased { sequence, activity } => {
                write!(f, "row {sequence} ({activity}) is erased, but its task was not deleted")
            }
            Fault::End { sequence } => write!(f, "the history does not end at row {sequence}, where it was sealed last"),
            Fault::Unsealed { activity } => write!(f, "row {activity} was put in without a seal"),
        }
    }
}

/// Walks the whole chain of a workspace.
pub fn verify(tx: &mut dyn Tx, workspace: Id) -> Result<Verified, StoreError> {
    let mut walk = Walk { verified: Verified::default(), sequence: 0, chain: Some([0; 32]) };
    loop {
        let rows = sealed_after(tx, workspace, walk.sequence)?;
        for row in &rows {
            walk.step(tx, row)?;
        }
        if rows.len() < usize::try_from(ROWS_AT_ONCE).unwrap_or(usize::MAX) || walk.verified.faults.len() >= FAULTS_MAX {
            break;
        }
    }
    let head = Head::load(tx, workspace)?;
    if (head.sequence, Some(head.chain)) != (walk.sequence, walk.chain) && walk.verified.faults.len() < FAULTS_MAX {
        walk.verified.faults.push(Fault::End { sequence: head.sequence });
    }
    unsealed(tx, workspace, &mut walk.verified)?;
    Ok(walk.verified)
}

struct Sealed {
    id: Id,
    sequence: i64,
    /// `None`: it can't be what we wrote.
    content: Option<Content>,
}

struct Content {
    row: ActivityRow,
    hash: Hash,
    chain: Hash,
}

fn sealed_after(tx: &mut dyn Tx, workspace: Id, sequence: i64) -> Result<Vec<Sealed>, StoreError> {
    let sql = "SELECT id, workspace_id, workflow_id, task_id, version, at, actor_kind, actor_id, request, execution_id, kind,
            before_values, after_values, salt, erased, sequence, hash, chain
        FROM activity WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
    tx.query(sql, &[workspace.into(), sequence.into(), ROWS_AT_ONCE.into()], |row| {
        let content = || Ok::<_, StoreError>(Content { row: read(row)?, hash: row.array(16)?, chain: row.array(17)? });
        Ok(Sealed { id: row.id(0)?, sequence: row.int(15)?, content: content().ok() })
    })
}

struct Walk {
    verified: Verified,
    /// Of the last row seen, with its chain where that could be read.
    sequence: i64,
    chain: Option<Hash>,
}

impl Walk {
    fn step(&mut self, tx: &mut dyn Tx, sealed: &Sealed) -> Result<(), StoreError> {
        let (sequence, activity) = (sealed.sequence, sealed.id);
        let faults = &mut self.verified.faults;
        faults.extend((self.sequence + 1..sequence).take(FAULTS_MAX).map(|sequence| Fault::Missing { sequence }));
        // From here on the chain as it is stored, so that one fault is told once.
        let before = self.chain.take().filter(|_| sequence == self.sequence + 1);
        self.sequence = sequence;
        self.verified.sealed += 1;
        let Some(Content { row, hash: stored, chain: sealed }) = &sealed.content else {
            faults.push(Fault::Changed { sequence, activity });
            return Ok(());
        };
        self.chain = Some(*sealed);
        if !row.erased && hash(&row.activity) != *stored {
            faults.push(Fault::Changed { sequence, activity });
        } else if before.is_some_and(|before| chain(&before, sequence, stored) != *sealed) {
            faults.push(Fault::OutOfPlace { sequence, activity });
        }
        if row.erased {
            self.verified.erased += 1;
            if !is_rightly_erased(tx, row)? {
                self.verified.faults.push(Fault::Erased { sequence, activity });
            }
        }
        Ok(())
    }
}

fn is_rightly_erased(tx: &mut dyn Tx, row: &ActivityRow) -> Result<bool, StoreError> {
    let activity = &row.activity;
    if activity.before.is_some() || activity.after.is_some() || activity.salt != [0; 16] {
        return Ok(false);
    }
    let Some(task) = activity.task else { return Ok(false) };
    let sql = "SELECT 1 FROM activity WHERE task_id = $1 AND kind = 'task.deleted' AND erased = 0 LIMIT 1";
    Ok(tx.query_one(sql, &[task.into()], |_| Ok(()))?.is_some())
}

/// On PostgreSQL the sealer comes for them; on SQLite every row is sealed in its own commit.
fn unsealed(tx: &mut dyn Tx, workspace: Id, verified: &mut Verified) -> Result<(), StoreError> {
    let sql = "SELECT id FROM activity WHERE sequence IS NULL AND workspace_id = $1";
    let rows = tx.query(sql, &[workspace.into()], |row| row.id(0))?;
    verified.unsealed = rows.len() as u64;
    if tx.dialect() == Dialect::Sqlite {
        verified.faults.extend(rows.into_iter().map(|activity| Fault::Unsealed { activity }).take(FAULTS_MAX));
    }
    Ok(())
}
