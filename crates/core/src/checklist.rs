//! The checklist of a task: the template's items of every stage, and the task's own.

use crate::ids::Id;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemStatus {
    #[default]
    Blank,
    Skipped,
    Completed,
}

impl ItemStatus {
    pub fn name(self) -> &'static str {
        match self {
            ItemStatus::Blank => "Blank",
            ItemStatus::Skipped => "Skipped",
            ItemStatus::Completed => "Completed",
        }
    }

    pub fn named(name: &str) -> Option<ItemStatus> {
        [ItemStatus::Blank, ItemStatus::Skipped, ItemStatus::Completed].into_iter().find(|status| status.name() == name)
    }
}

/// What is stored: for an item of the template only status and assignee (`own` is `None`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    pub id: Id,
    pub status: ItemStatus,
    pub assignee: Option<Id>,
    pub own: Option<OwnItem>,
}

/// What makes an item the task's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnItem {
    pub stage: Id,
    pub title: String,
}
