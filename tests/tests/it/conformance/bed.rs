//! A store to try, with a workspace and a workflow in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::activity::{Activity, Kind as ActivityKind};
use baton_core::actor::Actor;
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::{FilterKey, Value, exact_key, sort_key};
use baton_core::workflow::FieldKind;
use baton_store::sql::{executions, jobs, people, tasks, workflows};
use baton_store::{Options, Place, Store, StoreError, Tx};
use tempfile::TempDir;

use crate::postgres::Database;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Folder,
    Postgres,
}

/// The test on one kind of store; skipped where PostgreSQL is not installed.
pub fn run<F: Future<Output = ()>>(kind: Kind, test: impl FnOnce(Bed) -> F) {
    let Some(bed) = Bed::make(kind) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async move {
        bed.prepare().await;
        test(bed).await;
    });
}

#[derive(Clone)]
pub struct Bed {
    pub kind: Kind,
    pub store: Store,
    pub workspace: Id,
    pub workflow: Id,
    pub stage: Id,
    next: Arc<AtomicI64>,
    // After the store, so that it is closed before its place goes.
    pub place: Arc<Held>,
}

pub enum Held {
    Memory,
    Folder(TempDir),
    Postgres(Database),
}

impl Held {
    pub fn database(&self) -> &Database {
        let Held::Postgres(database) = self else { panic!("this test is PostgreSQL's") };
        database
    }

    pub fn options(&self) -> Options {
        let place = match self {
            Held::Memory => Place::Memory,
            Held::Folder(folder) => Place::Folder(folder.path().join("data")),
            Held::Postgres(database) => Place::Url(database.url.clone()),
        };
        Options { readers: 2, writers: 2, ..Options::new(place) }
    }
}

pub fn id(raw: i64) -> Id {
    Id::from_i64(raw).unwrap()
}

pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + micros)
}

impl Bed {
    pub fn make(kind: Kind) -> Option<Bed> {
        let place = match kind {
            Kind::Memory => Held::Memory,
            Kind::Folder => Held::Folder(TempDir::new().unwrap()),
            Kind::Postgres => Held::Postgres(Database::fresh()?),
        };
        let store = Store::open(place.options()).unwrap();
        Some(Bed {
            kind,
            store,
            workspace: id(1),
            workflow: id(2),
            stage: id(3),
            next: Arc::new(AtomicI64::new(1000)),
            place: Arc::new(place),
        })
    }

    /// The same on another store.
    pub fn on(&self, store: Store) -> Bed {
        Bed { store, ..self.clone() }
    }

    async fn prepare(&self) {
        let (workspace, workflow) = (self.workspace, self.workflow);
        self.write(move |tx| {
            people::insert_workspace(tx, workspace, "Hogwarts", "Europe/London", at(0))?;
            let new = workflows::NewWorkflow { id: workflow, workspace, name: "Owls", document: "{}", at: at(0), by: Actor::Operator };
            workflows::insert(tx, &new)
        })
        .await
        .unwrap();
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store.write(work).await
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store.read(work).await
    }

    /// One number, from outside of the functions under test.
    pub async fn number(&self, sql: &'static str) -> i64 {
        self.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await.unwrap().unwrap()
    }

    /// A statement of somebody who goes round the functions.
    pub async fn tamper(&self, sql: &'static str) -> u64 {
        self.write(move |tx| tx.execute(sql, &[])).await.unwrap()
    }

    pub fn fresh(&self) -> Id {
        id(self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub fn task(&self) -> Task {
        Task {
            id: self.fresh(),
            workflow: self.workflow,
            stage: self.stage,
            assignee: None,
            values: [(id(10), Value::Text("Hedwig".to_owned()))].into(),
            version: 1,
            created_at: at(1),
            updated_at: at(1),
            created_by: Actor::Operator,
            performers: [].into(),
        }
    }

    pub async fn insert(&self, task: &Task, unique_id: Option<&str>) {
        let (workspace, task, unique_id) = (self.workspace, task.clone(), unique_id.map(str::to_owned));
        self.write(move |tx| tasks::insert(tx, workspace, &task, unique_id.as_deref(), true, &keys(&task))).await.unwrap();
    }

    /// A task that is there.
    pub async fn inserted(&self) -> Task {
        let task = self.task();
        self.insert(&task, None).await;
        task
    }

    pub async fn loaded(&self, task: Id) -> Option<tasks::Loaded> {
        let (workspace, workflow) = (self.workspace, self.workflow);
        self.read(move |tx| tasks::load(tx, workspace, workflow, task, false)).await.unwrap()
    }

    pub fn execution(&self, task: Id, sequence: i64) -> Execution {
        Execution {
            id: self.fresh(),
            workspace: self.workspace,
            workflow: self.workflow,
            task,
            action: id(5),
            revision: 1,
            sequence,
            performer: Actor::User(id(6)),
            asked_by: Actor::ApiKey(id(7)),
            request: Some("r-1".to_owned()),
            created_at: at(2),
            status: Status::Pending,
            steps: Vec::new(),
            retry_of: None,
            cancelled_by: None,
            spent: Duration::ZERO,
            snapshot: None,
            quoted_version: None,
        }
    }

    /// Accepts executions of a task as the engine does, the first claimed by `claim`.
    pub async fn accept(&self, task: Id, count: usize, claim: Option<jobs::Claim>) -> Vec<jobs::Job> {
        let mut accepted = Vec::new();
        for _ in 0..count {
            let (bed, workspace, workflow) = (self.clone(), self.workspace, self.workflow);
            let job = self.write(move |tx| {
                let loaded = tasks::load(tx, workspace, workflow, task, true)?.unwrap();
                let execution = bed.execution(task, loaded.last_sequence + 1);
                executions::insert(tx, &execution)?;
                let ready = loaded.waiting == 0;
                let claim = claim.filter(|_| ready);
                let starts = i64::from(claim.is_some());
                let (id, sequence) = (execution.id, execution.sequence);
                let job = jobs::Job { id, workspace, task, sequence, ready, claim, starts, due_at: None, takes: jobs::Takes::Worker };
                jobs::insert(tx, &job)?;
                Ok(job)
            });
            accepted.push(job.await.unwrap());
        }
        accepted
    }

    pub fn activity(&self, kind: ActivityKind, task: Option<Id>, version: i64) -> Activity {
        Activity {
            id: self.fresh(),
            workspace: self.workspace,
            workflow: Some(self.workflow),
            task,
            version,
            at: at(3),
            actor: Actor::User(id(6)),
            request: Some("r-1".to_owned()),
            execution: None,
            kind,
            before: Some(r#"{"10":{"t":"a"}}"#.to_owned()),
            after: Some(r#"{"10":{"t":"b"}}"#.to_owned()),
            salt: [9; 16],
        }
    }
}

/// The keys that the engine would give, for the values used here.
pub fn keys(task: &Task) -> Vec<FilterKey> {
    let of = |field: Id, exact: String| FilterKey { field, sort: exact.clone(), exact };
    let text = |field: Id, value: &Value| FilterKey { field, sort: sort_key(&FieldKind::Text, value), exact: exact_key(value) };
    let each = |(field, value): (&Id, &Value)| match value {
        Value::Options(options) => options.iter().map(|option| of(*field, option.to_string())).collect(),
        Value::Files(_) => Vec::new(),
        Value::Text(_) => vec![text(*field, value)],
        value => vec![of(*field, exact_key(value))],
    };
    task.values.iter().flat_map(each).collect()
}
