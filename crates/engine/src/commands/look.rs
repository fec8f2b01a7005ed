//! What a decision looks up in its own transaction.

use baton_core::checklist::StoredItem;
use baton_core::execution::Look;
use baton_core::ids::Id;
use baton_core::workflow::Workflow;
use baton_store::sql::{checklist, task_counts, tasks};
use baton_store::{StoreError, Tx};

/// Looks in the transaction; the first error is kept, since a decision itself cannot fail.
pub(super) struct TxLook<'a> {
    tx: &'a mut dyn Tx,
    workflow: &'a Workflow,
    task: Id,
    error: Option<StoreError>,
}

impl<'a> TxLook<'a> {
    pub fn new(tx: &'a mut dyn Tx, workflow: &'a Workflow, task: Id) -> TxLook<'a> {
        TxLook { tx, workflow, task, error: None }
    }

    /// What was decided, unless something could not be looked up.
    pub fn finish<T>(self, decided: T) -> Result<T, StoreError> {
        self.error.map_or(Ok(decided), Err)
    }

    fn keep<T>(&mut self, found: Result<T, StoreError>, otherwise: T) -> T {
        found.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            otherwise
        })
    }
}

impl Look for TxLook<'_> {
    fn checklist(&mut self) -> Vec<StoredItem> {
        let found = checklist::stored(self.tx, self.task);
        self.keep(found, Vec::new())
    }

    fn unique_id_taken(&mut self, unique_id: &str) -> bool {
        let found = tasks::id_of_unique(self.tx, self.workflow.id, unique_id);
        self.keep(found, None).is_some_and(|id| id != self.task)
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        let count = |user: &Id| {
            let found = task_counts::of_assignee(self.tx, self.workflow.id, *user);
            let by_stage = self.keep(found, Vec::new());
            by_stage.iter().filter(|(stage, _)| self.workflow.is_active(*stage)).map(|(_, tasks)| tasks).sum()
        };
        users.iter().map(count).collect()
    }
}
