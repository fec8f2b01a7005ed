//! A task as the Tasks API shows it, written without an intermediate tree: lists stream millions of them.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Task;
use crate::access::Access;
use crate::condition::Column;
use crate::ids::Id;
use crate::list::Columns;
use crate::people::Workspace;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldRight, Workflow};

/// `Stage`, `Assigned To`, `Task URL`, then the fields in the workflow's order, without those hidden from the reader.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pub workflow: &'a Workflow,
    pub workspace: &'a Workspace,
    pub task: &'a Task,
    pub access: Access<'a>,
    /// Begins the Task URL, which is left out where this is `None`.
    pub public_url: Option<&'a str>,
    /// These keys and no others, in the same order; those of its making and of its last change come behind the Task URL.
    pub only: Option<&'a Columns>,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let usual = |column: Column| self.only.is_none_or(|only| only.has(column));
        let named = |column: Column| self.only.is_some_and(|only| only.has(column));
        if usual(Column::Stage) {
            map.serialize_entry("Stage", &StageName { workflow: self.workflow, stage: self.task.stage })?;
        }
        if usual(Column::AssignedTo) {
            map.serialize_entry("Assigned To", &self.task.assignee.and_then(|user| email(self.workspace, user)))?;
        }
        if let Some(public_url) = self.public_url.filter(|_| self.only.is_none_or(|only| only.task_url)) {
            map.serialize_entry("Task URL", &url(public_url, self.task))?;
        }
        if named(Column::CreatedOn) {
            map.serialize_entry("Created On", &self.task.created_at.to_string())?;
        }
        if named(Column::UpdatedOn) {
            map.serialize_entry("Updated On", &self.task.updated_at.to_string())?;
        }
        if named(Column::CreatedBy) {
            map.serialize_entry("Created By", &self.task.created_by.user().and_then(|user| email(self.workspace, user)))?;
        }
        let seen = |field: &&Field| self.access.right_to(field) != FieldRight::Hidden && usual(Column::Field(field.id));
        for field in self.workflow.fields.iter().filter(seen) {
            let value = self.task.values.get(&field.id);
            map.serialize_entry(&field.name, &ShownValue { field, workspace: self.workspace, value })?;
        }
        map.end()
    }
}

pub fn url(public_url: &str, task: &Task) -> String {
    format!("{public_url}/workflows/{}/tasks/{}", task.workflow, task.id)
}

/// A removed stage or user is shown by its id.
pub struct StageName<'a> {
    pub workflow: &'a Workflow,
    pub stage: Id,
}

impl Serialize for StageName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.workflow.stage(self.stage) {
            Some(stage) => serializer.serialize_str(&stage.name),
            None => self.stage.serialize(serializer),
        }
    }
}

fn email(workspace: &Workspace, user: Id) -> Option<&str> {
    workspace.user(user).map(|user| user.email.as_str())
}

/// [`value::show`], without the copy of what is most often there.
struct ShownValue<'a> {
    field: &'a Field,
    workspace: &'a Workspace,
    value: Option<&'a Value>,
}

impl Serialize for ShownValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Some(Value::Text(text)) => serializer.serialize_str(text),
            value => value::show(self.field, self.workspace, value).serialize(serializer),
        }
    }
}
