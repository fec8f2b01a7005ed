//! `POST /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items`: an item of the task's own.

use axum::http::{Method, StatusCode};
use baton_engine::commands::checklist;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items", policy: Policy::Write, handle };

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        call.expect_no_query()?;
        let body = call.object().await?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let own_path = call.head.uri.path().to_owned();
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let (found, item) = checklist::create(cx, &workflow, &task, &body.keys)?;
            let answer = reply::answer(StatusCode::CREATED, &shown_item(&item, &found));
            Ok(reply::located(answer, format!("{own_path}/{}", item.id)))
        };
        call.post(&body.raw, command).await
    })
}
