//! `PUT /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items/<id>`: changes the keys given.

use axum::http::Method;
use baton_engine::commands::checklist;

use super::VALUES;
use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::CHECKLIST_ITEMS;
use crate::openapi::schemas;
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;
use serde_json::{Value as Json, json};

pub const ROUTE: Route = Route {
    method: Method::PUT,
    path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items/{item}",
    policy: Policy::Write,
    handle,
    docs,
};

fn docs() -> Docs {
    Docs {
        id: "update_checklist_item",
        noun: &CHECKLIST_ITEMS,
        title: "Change an item",
        text: "Of an item of the template only status and assignee change.",
        parameters: &[],
        body: Some(Given::json(body_shape(), "What changes.")),
        answers: vec![Done::json(200, "As it is now.", schemas::of("ChecklistItem"))],
        refuses: &[Refuses::Fields(VALUES), Refuses::Plain(&["item_from_template"])],
    }
}

fn body_shape() -> Json {
    schemas::object(json!({
        "title?": schemas::text(),
        "status?": schemas::of("ChecklistItemStatus"),
        "Assigned To?": schemas::or_null(schemas::text()),
        "Stage?": schemas::described("The name of a stage.", schemas::text()),
    }))
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        let (workflow, task, item) = (call.part("workflow"), call.part("task"), call.part("item"));
        let (found, item) = call.write(move |cx| checklist::update(cx, &workflow, &task, &item, &body.keys)).await?;
        ok(&shown_item(&item, &found))
    })
}
