//! `DELETE /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items/<id>`

use axum::http::Method;
use baton_engine::commands::checklist;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Refuses};
use crate::openapi::nouns::CHECKLIST_ITEMS;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route {
    method: Method::DELETE,
    path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items/{item}",
    policy: Policy::Write,
    handle,
    docs,
};

fn docs() -> Docs {
    Docs {
        id: "delete_checklist_item",
        noun: &CHECKLIST_ITEMS,
        title: "Delete an item",
        text: "Only an item of the task's own can go.",
        parameters: &[],
        body: None,
        answers: vec![Done::empty(204, "It is gone.")],
        refuses: &[Refuses::Plain(&["item_from_template"])],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task, item) = (call.part("workflow"), call.part("task"), call.part("item"));
        call.write(move |cx| checklist::delete(cx, &workflow, &task, &item)).await?;
        Ok(reply::no_content())
    })
}
