//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items/<id>`

use axum::http::Method;
use baton_engine::commands::checklist;

use crate::call::{Call, ok};
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items/{item}", policy: Policy::Read, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let (workflow, task, item) = (call.part("workflow"), call.part("task"), call.part("item"));
        let (found, item) = call.read(move |cx| checklist::get(cx, &workflow, &task, &item)).await?;
        ok(&shown_item(&item, &found))
    })
}
