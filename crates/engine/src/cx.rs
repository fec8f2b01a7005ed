//! One command's transaction.

use std::fmt;
use std::sync::Arc;

use baton_core::access::Access;
use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::parse_unique_id;
use baton_core::workflow::Workflow;
use baton_store::sql::tasks;
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;

use crate::auth::{Caller, KeyScope};
use crate::cache::Learned;
use crate::engine::Shared;
use crate::env::TxEnv;
use crate::worker::Claims;

/// Why a command did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The caller is told.
    Refused(Refusals),
    /// The caller is told to try again; the log has the rest.
    Store(StoreError),
}

pub type Outcome<T> = Result<T, Failure>;

/// For the log: the sentences of a refusal may quote a value, its codes do not.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(refusals) => write!(f, "refused: {}", refusals.codes().join(", ")),
            Failure::Store(error) => error.fmt(f),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl From<Refusals> for Failure {
    fn from(refusals: Refusals) -> Failure {
        Failure::Refused(refusals)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal.into())
    }
}

/// What a command works with.
pub struct Cx<'a> {
    pub tx: &'a mut dyn Tx,
    pub env: TxEnv<'a>,
    pub caller: Caller,
    pub request: Option<&'a str>,
    pub(crate) shared: &'a Arc<Shared>,
    /// Jobs that were born claimed by this node: run as soon as the commit is durable.
    pub(crate) claims: &'a Mutex<Claims>,
    pub(crate) learned: Learned,
    /// Whether there is something for the worker to claim once this is committed.
    pub(crate) wakes: bool,
}

/// A workflow as a command meets it.
#[derive(Clone)]
pub struct Found {
    pub workflow: Arc<Workflow>,
    pub workspace: Arc<Workspace>,
    pub archived: bool,
    pub scope: KeyScope,
}

impl Found {
    /// What the caller's key may see and do here.
    pub fn access(&self) -> Access<'_> {
        self.scope.access(&self.workflow)
    }
}

impl Cx<'_> {
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    pub fn public_url(&self) -> &str {
        &self.shared.options.public_url
    }

    /// The workflow of that id, if the caller may use it. Another workspace's is exactly like an unknown one.
    pub fn workflow(&mut self, id: &str) -> Outcome<Found> {
        let unknown = || Refusal::not_found(Noun::Workflow);
        let id: Id = id.parse().map_err(|_| unknown())?;
        if !self.caller.scope.covers(id) {
            return Err(unknown().into());
        }
        let head = baton_store::sql::workflows::head(self.tx, self.caller.workspace, id)?.ok_or_else(unknown)?;
        let workflow = self.shared.cache.workflow(self.tx, id, head.revision, &mut self.learned)?;
        let workspace = self.shared.cache.workspace(self.tx, self.caller.workspace, head.workspace_version, &mut self.learned)?;
        if !self.caller.scope.known_in(&workflow) {
            return Err(unknown().into());
        }
        Ok(Found { workflow, workspace, archived: head.archived, scope: self.caller.scope.clone() })
    }

    /// A task of a workflow by its Unique ID or public id, in one look-up where there is one.
    pub fn task(&mut self, workflow: &str, task: &str, lock: bool) -> Outcome<(Found, tasks::Loaded)> {
        let (found, loaded) = self.task_if_any(workflow, task, lock)?;
        Ok((found, loaded.ok_or(Refusal::not_found(Noun::Task))?))
    }

    pub fn task_if_any(&mut self, workflow: &str, task: &str, lock: bool) -> Outcome<(Found, Option<tasks::Loaded>)> {
        let named = workflow.parse().ok().filter(|id| self.caller.scope.covers(*id));
        // Looked up as it is stored; what can't be a Unique ID is no public id either.
        let loaded = match (named, parse_unique_id(task)) {
            (Some(id), Ok(task)) => tasks::find(self.tx, self.caller.workspace, id, &task, lock)?,
            _ => None,
        };
        let Some(loaded) = loaded else { return Ok((self.workflow(workflow)?, None)) };
        let workflow = self.shared.cache.workflow(self.tx, loaded.task.workflow, loaded.revision, &mut self.learned)?;
        let workspace = self.shared.cache.workspace(self.tx, self.caller.workspace, loaded.workspace_version, &mut self.learned)?;
        if !self.caller.scope.known_in(&workflow) {
            return Err(Refusal::not_found(Noun::Workflow).into());
        }
        let found = Found { workflow, workspace, archived: loaded.archived, scope: self.caller.scope.clone() };
        let loaded = self.as_named(&found, task, loaded, lock)?;
        let seen = loaded.filter(|loaded| found.access().may_see(&loaded.task, None));
        Ok((found, seen))
    }

    /// The task that was found, unless by a Unique ID that the caller's role hides: for that one the text can only be a public id.
    fn as_named(&mut self, found: &Found, text: &str, loaded: tasks::Loaded, lock: bool) -> Outcome<Option<tasks::Loaded>> {
        if found.workflow.unique_id_field().is_none() || found.access().unique_id_field(&found.workflow).is_some() {
            return Ok(Some(loaded));
        }
        match text.parse::<Id>() {
            Ok(id) if id == loaded.task.id => Ok(Some(loaded)),
            Ok(id) => Ok(tasks::load(self.tx, self.caller.workspace, found.workflow.id, id, lock)?),
            Err(_) => Ok(None),
        }
    }

    /// First of all in a command that writes tasks: the definition that they are written by stays as it is.
    pub fn share_definition(&mut self, workflow: &str) -> Outcome<()> {
        match workflow.parse().ok().filter(|id| self.caller.scope.covers(*id)) {
            Some(id) => Ok(baton_store::sql::workflows::share(self.tx, id)?),
            None => Ok(()),
        }
    }

    /// First of all in a command that changes people: nobody else changes them meanwhile.
    pub fn hold_people(&mut self) -> Outcome<()> {
        Ok(baton_store::sql::people::hold(self.tx, self.caller.workspace)?)
    }

    /// First of all in a command that changes a definition: nobody writes tasks by it or changes people meanwhile.
    pub fn hold_definition(&mut self, workflow: &str) -> Outcome<()> {
        self.hold_people()?;
        match workflow.parse().ok().filter(|id| self.caller.scope.covers(*id)) {
            Some(id) => Ok(baton_store::sql::workflows::hold(self.tx, id)?),
            None => Ok(()),
        }
    }

    /// The same, for a change.
    pub fn writable_workflow(&mut self, id: &str) -> Outcome<Found> {
        let found = self.workflow(id)?;
        self.check_writable(&found)?;
        Ok(found)
    }

    pub fn check_writable(&self, found: &Found) -> Outcome<()> {
        if self.caller.scope.read_only {
            return Err(Refusal::KeyReadOnly.into());
        }
        if found.archived { Err(Refusal::WorkflowArchived.into()) } else { Ok(()) }
    }

    pub(crate) fn wake_after(&mut self) {
        self.wakes = true;
    }

    pub fn append(&mut self, rows: &[Activity]) -> Outcome<()> {
        baton_store::sql::activity::append(self.tx, rows)?;
        Ok(())
    }

    /// An activity row of this command, about no task yet.
    pub fn activity(&mut self, kind: Kind) -> Activity {
        Activity {
            id: self.env.new_id(),
            workspace: self.caller.workspace,
            workflow: None,
            task: None,
            version: 0,
            at: self.env.now(),
            actor: self.caller.actor,
            request: self.request.map(str::to_owned),
            execution: None,
            kind,
            before: None,
            after: None,
            salt: self.env.salt(),
        }
    }

    pub fn task_activity(&mut self, kind: Kind, task: &Task) -> Activity {
        Activity { workflow: Some(task.workflow), task: Some(task.id), version: task.version, ..self.activity(kind) }
    }

    pub fn actor(&self) -> Actor {
        self.caller.actor
    }

    /// As an error names who has ended something.
    pub(crate) fn caller_named(&self) -> String {
        match self.caller.actor {
            Actor::ApiKey(_) => format!("API ({})", self.caller.name),
            Actor::Operator => "the operator".to_owned(),
            Actor::User(_) | Actor::Schedule => self.caller.name.clone(),
        }
    }
}
