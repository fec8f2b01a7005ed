//! `POST /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items`: an item of the task's own.

use axum::http::{Method, StatusCode};
use baton_engine::commands::checklist;

use super::VALUES;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Given, Refuses};
use crate::openapi::nouns::CHECKLIST_ITEMS;
use crate::openapi::parameters::LOCATION;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;
use serde_json::{Value as Json, json};

pub const ROUTE: Route =
    Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items", policy: Policy::Write, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "create_checklist_item",
        noun: &CHECKLIST_ITEMS,
        title: "Add an item",
        text: "An item of the task's own.",
        parameters: &[],
        body: Some(Given::json(body_shape(), "What is to be done, in which stage.")),
        answers: vec![Done::json(201, "The item.", schemas::of("ChecklistItem")).with(&[LOCATION])],
        refuses: &[Refuses::Fields(VALUES)],
    }
}

fn body_shape() -> Json {
    schemas::object(json!({
        "title": schemas::filled(),
        "Stage": schemas::described("The name of a stage.", schemas::text()),
        "status?": schemas::of("ChecklistItemStatus"),
        "Assigned To?": schemas::or_null(schemas::text()),
    }))
}

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
