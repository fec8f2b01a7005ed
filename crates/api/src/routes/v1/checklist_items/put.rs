//! `PUT /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items/<id>`: changes the keys given.

use axum::http::Method;
use baton_engine::commands::checklist;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;

pub const ROUTE: Route =
    Route { method: Method::PUT, path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items/{item}", policy: Policy::Write, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        let (workflow, task, item) = (call.part("workflow"), call.part("task"), call.part("item"));
        let (found, item) = call.write(move |cx| checklist::update(cx, &workflow, &task, &item, &body.keys)).await?;
        ok(&shown_item(&item, &found))
    })
}
