//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items/<id>`

use axum::http::Method;
use baton_engine::commands::checklist;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done};
use crate::openapi::nouns::CHECKLIST_ITEMS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;

pub const ROUTE: Route = Route {
    method: Method::GET,
    path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items/{item}",
    policy: Policy::Read,
    handle,
    docs,
};

fn docs() -> Docs {
    Docs {
        id: "get_checklist_item",
        noun: &CHECKLIST_ITEMS,
        title: "Show an item",
        text: "One item of a task.",
        parameters: &[],
        body: None,
        answers: vec![Done::json(200, "The item.", schemas::of("ChecklistItem"))],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task, item) = (call.part("workflow"), call.part("task"), call.part("item"));
        let (found, item) = call.read(move |cx| checklist::get(cx, &workflow, &task, &item)).await?;
        ok(&shown_item(&item, &found))
    })
}
