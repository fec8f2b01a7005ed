//! The order of a list: sort keys as texts that compare byte by byte, so that where a list goes on can be said in a cursor.

use std::cmp::Ordering;

use crate::condition::{Class, Column, Names, split_commas};
use crate::definition::type_of;
use crate::ids::Id;
use crate::limits::SORT_COLUMNS_MAX;
use crate::people::{Workspace, email_key};
use crate::refusal::{Refusal, Refusals};
use crate::task::Task;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldKind, SelectOption, Workflow};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    pub column: Column,
    pub descending: bool,
}

/// Where a task stands in an order: its key in each column, `None` where that is blank, and itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub keys: Vec<Option<String>>,
    pub id: Id,
}

impl Place {
    /// In the order of creation, either way.
    pub fn of_creation(id: Id) -> Place {
        Place { keys: vec![Some(creation_key(id))], id }
    }
}

/// Blanks come last both ways; ties in the order of creation.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    pub sort: &'a [SortKey],
    pub workflow: &'a Workflow,
    pub workspace: &'a Workspace,
}

impl Order<'_> {
    pub fn place(&self, task: &Task) -> Place {
        Place { keys: self.sort.iter().map(|sort| key(sort.column, task, self.workflow, self.workspace)).collect(), id: task.id }
    }

    pub fn compare(&self, one: &Place, other: &Place) -> Ordering {
        let keys = self.sort.iter().zip(one.keys.iter().zip(&other.keys));
        let by_keys = keys.map(|(sort, (one, other))| match (one, other) {
            (Some(one), Some(other)) if sort.descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(one.id.cmp(&other.id))
    }

    /// What keys rest on beside the tasks. While it is the same, all that nobody touches keep their places. People do not count: who is
    /// there stays there, with the same e-mail.
    pub fn rests_on(&self) -> String {
        let on = |sort: &SortKey| match sort.column {
            Column::CreatedOn | Column::UpdatedOn | Column::AssignedTo | Column::CreatedBy => String::new(),
            Column::Stage => listed(self.workflow.stages.iter().map(|stage| stage.id)),
            Column::Field(id) => match self.workflow.field(id).map(|field| &field.kind) {
                None => String::new(),
                Some(FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options }) => {
                    listed(options.iter().map(|option| option.id))
                }
                Some(FieldKind::UniqueId { autoincrement: true }) => "counted".to_owned(),
                Some(kind) => type_of(kind).name().to_owned(),
            },
        };
        self.sort.iter().map(on).collect::<Vec<_>>().join(";")
    }
}

fn listed(ids: impl Iterator<Item = Id>) -> String {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(",")
}

/// Orders as the column does: options and stages as the definition lists them, people by e-mail, several options by the first of them.
pub fn key(column: Column, task: &Task, workflow: &Workflow, workspace: &Workspace) -> Option<String> {
    match column {
        Column::Stage => workflow.stages.iter().position(|stage| stage.id == task.stage).map(rank),
        Column::AssignedTo => person(task.assignee?, workspace),
        // Tasks are made in the order of their ids, which several nodes agree on where their clocks do not.
        Column::CreatedOn => Some(creation_key(task.id)),
        Column::UpdatedOn => Some(value::exact_key(&Value::DateTime(task.updated_at))),
        Column::CreatedBy => person(task.created_by.user()?, workspace),
        Column::Field(id) => field_key(workflow.field(id)?, task.values.get(&id)?, workspace),
    }
}

fn creation_key(id: Id) -> String {
    format!("{:020}", id.as_i64())
}

fn field_key(field: &Field, value: &Value, workspace: &Workspace) -> Option<String> {
    match (&field.kind, value) {
        (FieldKind::SingleSelect { options }, Value::Option(option)) => place_of(options, *option),
        (FieldKind::MultipleSelect { options }, Value::Options(chosen)) => {
            chosen.iter().filter_map(|option| place_of(options, *option)).min()
        }
        (FieldKind::Person, Value::Person(user)) => person(*user, workspace),
        (FieldKind::File { .. }, _) => None,
        (kind, value) => Some(value::sort_key(kind, value)),
    }
}

fn place_of(options: &[SelectOption], option: Id) -> Option<String> {
    options.iter().position(|known| known.id == option).map(rank)
}

fn person(user: Id, workspace: &Workspace) -> Option<String> {
    workspace.user(user).map(|user| email_key(&user.email))
}

fn rank(place: usize) -> String {
    format!("{place:04}")
}

/// `-Created On,Company Name`: names with commas between them (`\,` is one within a name), `-` before those that descend.
pub fn parse_sort(text: &str, names: &Names<'_>) -> Result<Vec<SortKey>, Refusals> {
    let items = split_commas(text);
    let wrong = |allowed: String| Refusal::BadParameter { name: "_sort".to_owned(), value: text.to_owned(), allowed };
    if items.iter().any(|item| item.trim_start_matches('-').is_empty()) {
        return Err(wrong("names of columns with commas between them, - before those that descend".to_owned()).into());
    }
    if items.len() > SORT_COLUMNS_MAX {
        return Err(wrong(format!("at most {SORT_COLUMNS_MAX} columns")).into());
    }
    let (mut sort, mut refusals): (Vec<SortKey>, Vec<Refusal>) = Default::default();
    for item in &items {
        let (name, descending) = item.strip_prefix('-').map_or((item.as_str(), false), |name| (name.trim(), true));
        let refused = |reason: Refusal| Refusal::FieldRefused { field: name.to_owned(), reason: Box::new(reason) };
        match names.column(name) {
            None => refusals.push(refused(Refusal::IsNotAField)),
            Some((_, kind)) if kind.class() == Class::Files => refusals.push(refused(Refusal::IsNotSortable)),
            Some((column, _)) if sort.iter().any(|sort| sort.column == column) => refusals.push(refused(Refusal::IsNamedTwice)),
            Some((column, _)) => sort.push(SortKey { column, descending }),
        }
    }
    if !refusals.is_empty() {
        return Err(Refusals::Fields([("_sort".to_owned(), refusals)].into()));
    }
    // No two tasks are made at once, so nothing is left to be sorted behind it.
    if let Some(last) = sort.iter().position(|sort| sort.column == Column::CreatedOn) {
        sort.truncate(last + 1);
    }
    Ok(sort)
}
