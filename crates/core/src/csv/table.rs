//! Tasks as the rows of a file: the columns that the Tasks API shows, but for the Task URL, which no import takes; or those that were
//! asked for.

use std::borrow::Cow;

use super::cell::cell;
use crate::access::Access;
use crate::condition::Column as Of;
use crate::ids::Id;
use crate::list::Columns;
use crate::people::Workspace;
use crate::task::Task;
use crate::task::show::url;
use crate::workflow::{Field, FieldRight, Workflow};

pub struct Table<'a> {
    workflow: &'a Workflow,
    workspace: &'a Workspace,
    public_url: &'a str,
    columns: Vec<TableColumn<'a>>,
}

#[derive(Clone, Copy)]
enum TableColumn<'a> {
    Stage,
    AssignedTo,
    TaskUrl,
    CreatedOn,
    UpdatedOn,
    CreatedBy,
    Field(&'a Field),
}

impl<'a> Table<'a> {
    /// In the order of the Tasks API, without fields that are hidden from the reader.
    pub fn new(
        workflow: &'a Workflow,
        workspace: &'a Workspace,
        access: Access<'_>,
        only: Option<&Columns>,
        public_url: &'a str,
    ) -> Table<'a> {
        let usual = |of: Of| only.is_none_or(|only| only.has(of));
        let named = |of: Of| only.is_some_and(|only| only.has(of));
        let specials = [
            (usual(Of::Stage), TableColumn::Stage),
            (usual(Of::AssignedTo), TableColumn::AssignedTo),
            (only.is_some_and(|only| only.task_url), TableColumn::TaskUrl),
            (named(Of::CreatedOn), TableColumn::CreatedOn),
            (named(Of::UpdatedOn), TableColumn::UpdatedOn),
            (named(Of::CreatedBy), TableColumn::CreatedBy),
        ];
        let specials = specials.into_iter().filter_map(|(is_there, column)| is_there.then_some(column));
        let seen = |field: &&Field| access.right_to(field) != FieldRight::Hidden && usual(Of::Field(field.id));
        let fields = workflow.fields.iter().filter(seen).map(TableColumn::Field);
        Table { workflow, workspace, public_url, columns: specials.chain(fields).collect() }
    }

    pub fn header(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| match column {
            TableColumn::Stage => "Stage",
            TableColumn::AssignedTo => "Assigned To",
            TableColumn::TaskUrl => "Task URL",
            TableColumn::CreatedOn => "Created On",
            TableColumn::UpdatedOn => "Updated On",
            TableColumn::CreatedBy => "Created By",
            TableColumn::Field(field) => &field.name,
        })
    }

    pub fn row<'t>(&'t self, task: &'t Task) -> impl Iterator<Item = Cow<'t, str>> {
        self.columns.iter().map(|column| match column {
            // One that is removed goes by its id.
            TableColumn::Stage => {
                self.workflow.stage(task.stage).map_or_else(|| task.stage.to_string().into(), |stage| (&*stage.name).into())
            }
            TableColumn::AssignedTo => self.email(task.assignee),
            TableColumn::TaskUrl => url(self.public_url, task).into(),
            TableColumn::CreatedOn => task.created_at.to_string().into(),
            TableColumn::UpdatedOn => task.updated_at.to_string().into(),
            TableColumn::CreatedBy => self.email(task.created_by.user()),
            TableColumn::Field(field) => cell(field, self.workspace, task.values.get(&field.id)),
        })
    }

    fn email(&self, user: Option<Id>) -> Cow<'_, str> {
        user.and_then(|user| self.workspace.user(user)).map_or("", |user| &user.email).into()
    }
}
