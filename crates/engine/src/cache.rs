//! What is made from stored rows and worth keeping: compiled workflows and the people of workspaces.
//!
//! Nothing lives only here: an entry is used only under the revision or version that the transaction just read.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::definition;
use baton_core::execution::Status;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::workflow::Workflow;
use baton_store::sql::{people, workflows};
use baton_store::{StoreError, Tx};
use parking_lot::RwLock;

use crate::metrics::{Ended, Taken};

/// Revisions kept ready; past it the cache starts anew.
const WORKFLOWS_MAX: usize = 1000;
const WORKSPACES_MAX: usize = 1000;

#[derive(Default)]
pub(crate) struct Cache {
    workflows: RwLock<HashMap<(Id, i64), Arc<Workflow>>>,
    workspaces: RwLock<HashMap<Id, (i64, Arc<Workspace>)>>,
}

/// What a transaction made ready. It is kept only once the transaction has ended well: one that changes people or a
/// definition reads its own change, and the number of a change that is rolled back is given again.
#[derive(Default)]
pub(crate) struct Learned {
    workflows: Vec<Arc<Workflow>>,
    workspaces: Vec<(i64, Arc<Workspace>)>,
    /// To be counted.
    pub ended: Ended,
    pub steps: Vec<Taken>,
    /// To be told to those who wait for them.
    pub executions_ended: Vec<Id>,
}

impl Learned {
    pub fn end(&mut self, execution: Id, status: &Status) {
        self.ended.add(status);
        self.executions_ended.push(execution);
    }

    /// One that was given up.
    pub fn stop(&mut self, execution: Id) {
        self.ended.add_stopped();
        self.executions_ended.push(execution);
    }
}

impl Cache {
    pub fn workflow(&self, tx: &mut dyn Tx, id: Id, revision: i64, learned: &mut Learned) -> Result<Arc<Workflow>, StoreError> {
        if let Some(workflow) = self.workflows.read().get(&(id, revision)) {
            return Ok(workflow.clone());
        }
        let corrupt = |what: String| StoreError::Corrupt { table: "definitions", id: format!("{id} revision {revision}"), what };
        let document = workflows::document(tx, id, revision)?.ok_or_else(|| corrupt("is missing".to_owned()))?;
        let definition = definition::read_stored(&document).map_err(|error| corrupt(error.message))?;
        let workflow = definition::compile(id, revision, &definition).map_err(|problems| corrupt(format!("{problems:?}")))?;
        let workflow = Arc::new(workflow);
        learned.workflows.push(workflow.clone());
        Ok(workflow)
    }

    /// `version` as the transaction just read it.
    pub fn workspace(&self, tx: &mut dyn Tx, id: Id, version: i64, learned: &mut Learned) -> Result<Arc<Workspace>, StoreError> {
        if let Some((known, workspace)) = self.workspaces.read().get(&id)
            && *known == version
        {
            return Ok(workspace.clone());
        }
        let corrupt = || StoreError::Corrupt { table: "workspaces", id: id.to_string(), what: "is missing".to_owned() };
        let (workspace, read) = people::workspace(tx, id)?.ok_or_else(corrupt)?;
        let workspace = Arc::new(workspace);
        learned.workspaces.push((read, workspace.clone()));
        Ok(workspace)
    }

    pub fn keep(&self, learned: Learned) {
        for workflow in learned.workflows {
            let mut kept = self.workflows.write();
            if kept.len() >= WORKFLOWS_MAX {
                kept.clear();
            }
            kept.insert((workflow.id, workflow.revision), workflow);
        }
        for (version, workspace) in learned.workspaces {
            let mut kept = self.workspaces.write();
            if kept.len() >= WORKSPACES_MAX {
                kept.clear();
            }
            kept.insert(workspace.id, (version, workspace));
        }
    }
}
