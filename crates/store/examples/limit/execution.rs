//! One execution as the engine asks the store for it: accepted in one transaction, run in another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status, StepRecord, StepStatus};
use baton_core::ids::Id;
use baton_core::task::{Change, Task};
use baton_core::time::Timestamp;
use baton_core::value::{FilterKey, Value, exact_key};
use baton_store::sql::jobs::{Claim, Job};
use baton_store::sql::{activity, executions, jobs, keys, tasks};
use baton_store::{Store, StoreError, Tx};

const KEY_HASH: [u8; 32] = [7; 32];

/// The workflow with the most tasks of a store, and fresh ids.
#[derive(Clone)]
pub struct Subject {
    pub workspace: Id,
    pub workflow: Id,
    pub tasks: Arc<Vec<Id>>,
    last_id: Arc<AtomicI64>,
}

impl Subject {
    pub async fn of(store: &Store) -> Result<Subject, StoreError> {
        let found = store.read(|tx| {
            let most = "SELECT workspace_id, workflow_id FROM tasks GROUP BY workspace_id, workflow_id ORDER BY count(*) DESC LIMIT 1";
            let both = tx.query_one(most, &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
            let (workspace, workflow) = both.ok_or_else(|| StoreError::Sql("there is no task".to_owned()))?;
            let ids = tx.query("SELECT id FROM tasks WHERE workflow_id = $1", &[workflow.into()], |row| row.int(0))?;
            let last = tx.query_one("SELECT max(id) FROM activity", &[], |row| row.opt_int(0))?.flatten();
            Ok::<_, StoreError>((workspace, workflow, ids, last.unwrap_or(1 << 50)))
        });
        let (workspace, workflow, ids, last) = found.await?;
        let tasks = ids.into_iter().map(id).collect();
        Ok(Subject { workspace: id(workspace), workflow: id(workflow), tasks: Arc::new(tasks), last_id: Arc::new(AtomicI64::new(last)) })
    }

    /// The task of the nth execution.
    pub fn task(&self, number: usize, step: usize) -> Id {
        self.tasks[number.wrapping_mul(step) % self.tasks.len()]
    }

    pub fn fresh(&self) -> Id {
        id(self.last_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn activity(&self, kind: Kind, task: &Task, execution: Id) -> Activity {
        Activity {
            id: self.fresh(),
            workspace: self.workspace,
            workflow: Some(self.workflow),
            task: Some(task.id),
            version: task.version,
            at: now(),
            actor: Actor::ApiKey(id(1)),
            request: Some("4fXz1Yqk3Pa".to_owned()),
            execution: Some(execution),
            kind,
            before: None,
            after: None,
            salt: [5; 16],
        }
    }
}

pub fn id(raw: i64) -> Id {
    Id::from_i64(raw).expect("not negative")
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn claim() -> Claim {
    Claim { node: id(1), boot: 1, epoch: 1 }
}

/// The POST: the key, the task, then the execution with its job and its row of the history.
pub fn accept(tx: &mut dyn Tx, subject: &Subject, task: Id) -> Result<Id, StoreError> {
    keys::by_hash(tx, &KEY_HASH)?;
    let text = task.to_string();
    let missing = || StoreError::Sql(format!("task {text} is not there"));
    let loaded = tasks::find(tx, subject.workspace, subject.workflow, &text, true)?.ok_or_else(missing)?;
    let execution = Execution {
        id: subject.fresh(),
        workspace: subject.workspace,
        workflow: subject.workflow,
        task,
        action: id(3),
        revision: loaded.revision,
        sequence: loaded.last_sequence + 1,
        performer: Actor::ApiKey(id(1)),
        asked_by: Actor::ApiKey(id(1)),
        request: Some("4fXz1Yqk3Pa".to_owned()),
        created_at: now(),
        status: Status::Pending,
        steps: Vec::new(),
        retry_of: None,
        cancelled_by: None,
        spent: Duration::ZERO,
        snapshot: None,
        quoted_version: None,
    };
    executions::insert(tx, &execution)?;
    let job = Job {
        id: execution.id,
        workspace: subject.workspace,
        task,
        sequence: execution.sequence,
        ready: loaded.waiting == 0,
        claim: Some(claim()),
        starts: 1,
        due_at: None,
        takes: jobs::Takes::Worker,
    };
    jobs::insert(tx, &job)?;
    let after = Some(format!("{{\"action\":\"{}\"}}", execution.action));
    activity::append(tx, &[Activity { after, ..subject.activity(Kind::ExecutionStarted, &loaded.task, execution.id) }])?;
    Ok(execution.id)
}

/// The run: move, update and assign, with their history and the final status.
pub fn run(tx: &mut dyn Tx, subject: &Subject, execution: Id) -> Result<(), StoreError> {
    jobs::finish(tx, execution, &claim())?;
    let execution = executions::load(tx, execution)?;
    let missing = || StoreError::Sql(format!("task {} is not there", execution.task));
    let loaded = tasks::load(tx, subject.workspace, subject.workflow, execution.task, true)?.ok_or_else(missing)?;
    let before = loaded.task;
    let mut after = before.clone();
    after.version += 1;
    after.stage = if before.stage == id(10) { id(11) } else { id(10) };
    after.assignee = if before.assignee == Some(id(20)) { Some(id(21)) } else { Some(id(20)) };
    let mut keys = (Vec::new(), Vec::new());
    if let Some((field, value)) = after.values.iter_mut().find(|(_, value)| matches!(value, Value::Text(_))) {
        let new = Value::Text(format!("approved by execution {}", execution.id));
        keys = (vec![key(*field, value)], vec![key(*field, &new)]);
        *value = new;
    }
    after.performers.insert(execution.action, execution.performer);
    let update = tasks::Update {
        before: &before,
        task: &after,
        unique_key: None,
        active: true,
        removed: &keys.0,
        added: &keys.1,
        finished_sequence: Some(execution.sequence),
    };
    tasks::update(tx, subject.workspace, &update)?;
    let change = Change::between(&before, &after);
    let updated = Activity {
        before: Some(change.before_json()),
        after: Some(change.after_json()),
        ..subject.activity(Kind::TaskUpdated, &after, execution.id)
    };
    let steps = ["move_to_stage", "update_data"].map(|kind| StepRecord::new(kind, StepStatus::Success)).to_vec();
    let finished = Execution { status: Status::Success { finished_at: now() }, steps, ..execution };
    executions::finish(tx, &finished)?;
    let told = Some(format!("{{\"action\":\"{}\",\"status\":\"Success\"}}", finished.action));
    let ended = Activity { after: told, ..subject.activity(Kind::ExecutionFinished, &after, finished.id) };
    activity::append(tx, &[updated, ended])?;
    jobs::promote_next(tx, finished.task, Some(&claim()))?;
    Ok(())
}

fn key(field: Id, value: &Value) -> FilterKey {
    let exact = exact_key(value);
    FilterKey { field, sort: exact.clone(), exact }
}
