//! A checklist item, as documented.

use baton_core::ids::Id;
use baton_core::task::show::StageName;
use baton_engine::Found;
use baton_engine::commands::checklist::Item;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownItem<'a> {
    id: Id,
    title: &'a str,
    status: &'static str,
    editable: bool,
    #[serde(rename = "Assigned To")]
    assigned_to: Option<&'a str>,
    #[serde(rename = "Stage")]
    stage: StageName<'a>,
}

pub fn shown_item<'a>(item: &'a Item, found: &'a Found) -> ShownItem<'a> {
    ShownItem {
        id: item.id,
        title: &item.title,
        status: item.status.name(),
        editable: item.own,
        assigned_to: item.assignee.and_then(|user| found.workspace.user(user)).map(|user| user.email.as_str()),
        stage: StageName { workflow: &found.workflow, stage: item.stage },
    }
}
