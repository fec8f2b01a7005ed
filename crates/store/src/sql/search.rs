//! The index that tasks are found by when somebody searches, and what is yet to be brought into it.
//!
//! Words are the core's (`baton_core::words`); here they only lie in an index, each behind the id of its workflow, so that no search
//! looks through another's. What it finds is what may match: who asks checks each task again as it is, under the rights of the role.
//!
//! A change of texts does not touch the index, which would cost each execution more than all else that it writes: it leaves the task's id
//! in a queue, in its own transaction. [`index_some`] takes it from there soon after. A search also finds whatever stands in the queue.

use std::fmt::Write;

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::words::{self, Search};

use super::tasks::read_task;
use crate::{Dialect, Param, StoreError, Tx};

/// Of a workflow's tasks that are not indexed yet, so many of the newest are found nevertheless.
const QUEUED_FOUND_MAX: usize = 2_000;
/// Only one node of a cluster indexes at a time, or what one has read could be written over what another has read later.
const INDEXER: i64 = 0x0062_6174_6f69;
/// Words with one beginning that are looked for by name.
const NAMED_WORDS_MAX: usize = 24;
/// Words that one transaction indexes, unless they are of one task.
const INDEXED_BYTES_MAX: usize = 64 << 10;

/// Tasks that may match, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    pub tasks: Vec<Id>,
    /// There may be older ones.
    pub more: bool,
}

/// What the index is asked for.
pub struct Sought {
    workflow: Id,
    /// In the language of the index; `None` where no indexed task has all words.
    text: Option<String>,
}

impl Sought {
    /// All words, each also as the beginning of another. They have letters and digits only, and so nothing that either language knows.
    pub fn of(tx: &mut dyn Tx, workflow: Id, search: &Search) -> Result<Sought, StoreError> {
        let before = before_each(workflow);
        let words = search.words().iter().map(|word| format!("{before}{word}"));
        if tx.dialect() == Dialect::Postgres {
            let text = words.map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ");
            return Ok(Sought { workflow, text: Some(text) });
        }
        let mut parts = Vec::new();
        for word in words {
            let Some(part) = any_with(tx, &word)? else { return Ok(Sought { workflow, text: None }) };
            parts.push(part);
        }
        Ok(Sought { workflow, text: Some(parts.join(" AND ")) })
    }

    /// Every task of the workflow that matches is among them, up to `limit` of the newest, and none that is older than `oldest`.
    pub fn candidates(&self, tx: &mut dyn Tx, oldest: Option<Id>, limit: usize) -> Result<Candidates, StoreError> {
        let sql = match tx.dialect() {
            Dialect::Sqlite => "SELECT rowid FROM task_search WHERE task_search MATCH $1 AND rowid >= $2 ORDER BY rowid DESC LIMIT $3",
            Dialect::Postgres => {
                "SELECT task_id FROM task_search WHERE words @@ CAST(CAST($1 AS TEXT) AS tsquery) AND task_id >= $2
                    ORDER BY task_id DESC LIMIT $3"
            }
        };
        let least = oldest.map_or(0, Id::as_i64);
        let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut tasks = match &self.text {
            Some(text) => tx.query(sql, &[Param::Text(text), least.into(), asked.into()], |row| row.id(0))?,
            None => Vec::new(),
        };
        tasks.extend(queued(tx, self.workflow)?.tasks.into_iter().filter(|id| id.as_i64() >= least));
        tasks.sort_unstable_by(|one, other| other.cmp(one));
        tasks.dedup();
        let more = tasks.len() > limit;
        tasks.truncate(limit);
        Ok(Candidates { tasks, more })
    }

    /// Every task that is indexed with all words.
    pub(crate) fn each_indexed(&self, tx: &mut dyn Tx, each: &mut dyn FnMut(i64)) -> Result<(), StoreError> {
        let Some(text) = &self.text else { return Ok(()) };
        match tx.dialect() {
            Dialect::Sqlite => tx.rows("SELECT rowid FROM task_search WHERE task_search MATCH $1", &[Param::Text(text)], &mut |row| {
                each(row.int(0)?);
                Ok(())
            }),
            // An answer is held in memory: they come as eight bytes each.
            Dialect::Postgres => {
                let sql = "SELECT string_agg(int8send(task_id), '') FROM task_search WHERE words @@ CAST(CAST($1 AS TEXT) AS tsquery)";
                tx.rows(sql, &[Param::Text(text)], &mut |row| {
                    let ids = row.opt_bytes(0)?.unwrap_or_default().as_chunks().0;
                    ids.iter().for_each(|id| each(i64::from_be_bytes(*id)));
                    Ok(())
                })
            }
        }
    }
}

/// For SQLite, whatever begins so. All tasks that have any of many words are put together before the first is found, those of a few words
/// only as they are asked for: what the newest of a million have is found a hundred times as soon.
fn any_with(tx: &mut dyn Tx, beginning: &str) -> Result<Option<String>, StoreError> {
    let known = words_with(tx, beginning, NAMED_WORDS_MAX + 1)?;
    Ok(match known.len() {
        0 => None,
        1..=NAMED_WORDS_MAX => Some(format!("({})", known.join(" OR "))),
        _ => Some(format!("\"{beginning}\" *")),
    })
}

/// The first words that begin so, in quotation marks. Each is looked for behind the one before: to read on from a word is to go through
/// all tasks that have it.
fn words_with(tx: &mut dyn Tx, beginning: &str, limit: usize) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT term FROM temp.task_search_words WHERE term BETWEEN $1 AND $2 ORDER BY term LIMIT 1";
    let (mut from, last) = (beginning.to_owned(), format!("{beginning}{}", char::MAX));
    let mut found = Vec::new();
    while found.len() < limit {
        let word = tx.query_one(sql, &[Param::Text(&from), Param::Text(&last)], |row| Ok(row.text(0)?.to_owned()))?;
        let Some(word) = word else { break };
        found.push(format!("\"{word}\""));
        // Before every letter and digit.
        from = format!("{word}\u{1}");
    }
    Ok(found)
}

/// Of the tasks that are not indexed yet, those that are found nevertheless, the newest first; they may match.
pub(crate) fn queued(tx: &mut dyn Tx, workflow: Id) -> Result<Candidates, StoreError> {
    let sql = "SELECT DISTINCT task_id FROM search_queue WHERE workflow_id = $1 ORDER BY task_id DESC LIMIT $2";
    let mut tasks = tx.query(sql, &[workflow.into(), Param::Int(QUEUED_FOUND_MAX as i64 + 1)], |row| row.id(0))?;
    let more = tasks.len() > QUEUED_FOUND_MAX;
    tasks.truncate(QUEUED_FOUND_MAX);
    Ok(Candidates { tasks, more })
}

/// No digit is an x, so where the word begins is plain.
fn before_each(workflow: Id) -> String {
    format!("{:x}x", workflow.as_i64())
}

pub(super) fn note_new(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    if words::has_texts(task) { note(tx, task) } else { Ok(()) }
}

pub(super) fn note_change(tx: &mut dyn Tx, before: &Task, after: &Task) -> Result<(), StoreError> {
    if words::differ(before, after) { note(tx, after) } else { Ok(()) }
}

pub(super) fn note_removed(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    // Its texts may have gone before it, and not yet from the index.
    note(tx, task)
}

fn note(tx: &mut dyn Tx, task: &Task) -> Result<(), StoreError> {
    let sql = "INSERT INTO search_queue (workflow_id, task_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.send(sql, &[task.workflow.into(), task.id.into()])
}

/// Every task, where a store is made of a backup.
pub(crate) fn queue_all(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.send("DELETE FROM search_queue", &[])?;
    tx.send("INSERT INTO search_queue (workflow_id, task_id) SELECT workflow_id, id FROM tasks", &[])
}

/// Whether there is anything to index; a cheap look, since every node asks often.
pub fn any_queued(tx: &mut dyn Tx) -> Result<bool, StoreError> {
    Ok(tx.query_one("SELECT 1 FROM search_queue LIMIT 1", &[], |_| Ok(()))?.is_some())
}

/// Indexes at most `limit` tasks of the workflows after `after`. Answers with the workflow of the last of them, to go on after, so that a
/// workflow of which many wait does not keep the others waiting; `None` where none of them waits, or another node is at it.
pub fn index_some(tx: &mut dyn Tx, after: Option<Id>, limit: i64) -> Result<Option<Id>, StoreError> {
    if tx.dialect() == Dialect::Postgres {
        let alone = tx.query_one("SELECT pg_try_advisory_xact_lock($1)::int::bigint", &[INDEXER.into()], |row| row.bool(0))?;
        if alone != Some(true) {
            return Ok(None);
        }
    }
    let sql = "SELECT DISTINCT workflow_id, task_id FROM search_queue WHERE workflow_id > $1 ORDER BY workflow_id, task_id LIMIT $2";
    let after = after.map_or(-1, Id::as_i64);
    let queued = tx.query(sql, &[after.into(), limit.into()], |row| Ok((row.id(0)?, row.id(1)?)))?;
    let (mut last, mut bytes) = (None, 0);
    for (workflow, task) in queued {
        bytes += index(tx, workflow, task)?;
        last = Some(workflow);
        if bytes >= INDEXED_BYTES_MAX {
            break;
        }
    }
    Ok(last)
}

/// Answers with the bytes of its words.
fn index(tx: &mut dyn Tx, workflow: Id, task: Id) -> Result<usize, StoreError> {
    // Before it is read: whoever changes it later leaves it in the queue again.
    tx.send("DELETE FROM search_queue WHERE workflow_id = $1 AND task_id = $2", &[workflow.into(), task.into()])?;
    let words = words_of(tx, workflow, task)?;
    if words.is_empty() {
        let sql = match tx.dialect() {
            Dialect::Sqlite => "DELETE FROM task_search WHERE rowid = $1",
            Dialect::Postgres => "DELETE FROM task_search WHERE task_id = $1",
        };
        tx.send(sql, &[task.into()])?;
        return Ok(0);
    }
    let sql = match tx.dialect() {
        Dialect::Sqlite => "INSERT OR REPLACE INTO task_search (rowid, words) VALUES ($1, $2)",
        Dialect::Postgres => {
            "INSERT INTO task_search (task_id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))
                ON CONFLICT (task_id) DO UPDATE SET words = excluded.words WHERE task_search.words <> excluded.words"
        }
    };
    tx.send(sql, &[task.into(), Param::Text(&words)])?;
    Ok(words.len())
}

/// Those of a task as they lie in the index, with spaces between; none where it is gone.
fn words_of(tx: &mut dyn Tx, workflow: Id, task: Id) -> Result<String, StoreError> {
    let sql = "SELECT id, workflow_id, stage_id, assignee_id, version, created_at, updated_at, created_by_kind, created_by_id, performers,
            field_values FROM tasks WHERE id = $1";
    let found = match tx.query_one(sql, &[task.into()], read_task) {
        Err(error @ StoreError::Corrupt { .. }) => {
            // Nobody can be shown it, and the others must not wait for it.
            tracing::error!(%task, %error, "a task can't be indexed");
            None
        }
        found => found?,
    };
    let (mut text, before) = (String::new(), before_each(workflow));
    for word in found.iter().flat_map(words::words) {
        let space = if text.is_empty() { "" } else { " " };
        write!(text, "{space}{before}{word}").expect("a string can be written to");
    }
    Ok(text)
}
