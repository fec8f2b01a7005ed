//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/checklist_items`: by stage; `?Stage=` narrows it.

use axum::http::Method;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::checklist;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Parameter, Refuses, Takes};
use crate::openapi::nouns::CHECKLIST_ITEMS;
use crate::openapi::parameters::of_query;
use crate::openapi::schemas;
use crate::query::Query;
use crate::route::{Handled, Policy, Route};
use crate::show::item::shown_item;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/checklist_items", policy: Policy::Read, handle, docs };

const STAGE: Parameter = of_query("Stage", Takes::Text, "Only those of the stage; given again, of the other one too.", "Not Started");

fn docs() -> Docs {
    Docs {
        id: "list_checklist_items",
        noun: &CHECKLIST_ITEMS,
        title: "List the items of a task",
        text: "By stage.",
        parameters: &[STAGE],
        body: None,
        answers: vec![Done::json(200, "The items.", schemas::list_of(schemas::of("ChecklistItem")))],
        refuses: &[Refuses::Fields(&["is_not_a_field", "is_not_a_stage"])],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let stages = stages(call.query()?)?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let (found, items) = call.read(move |cx| checklist::list(cx, &workflow, &task, stages.as_deref())).await?;
        ok(&items.iter().map(|item| shown_item(item, &found)).collect::<Vec<_>>())
    })
}

/// Several stages are joined with or, like the filters of a list of tasks.
fn stages(query: Query) -> Result<Option<Vec<String>>, Refusals> {
    let mut stages = None;
    for (name, values) in query.columns()? {
        match name.as_str() {
            "Stage" => stages = Some(values),
            _ => return Err(Refusals::field(name, Refusal::IsNotAField)),
        }
    }
    Ok(stages)
}
